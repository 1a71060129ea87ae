"""What a plain HTTP response holds."""

from email.message import Message

import pytest

from multichat_conformance.target.web import Response


@pytest.mark.parametrize("body", ["", "no JSON", "[" * 100_000, '{"a":' * 100_000])
def test_a_body_that_is_no_json_is_none(body: str) -> None:
    assert Response(200, Message(), body).json() is None


def test_a_body_that_is_json() -> None:
    assert Response(200, Message(), '{"room": 7}').json() == {"room": 7}
