"""The table of close codes is the specification's."""

from __future__ import annotations

from multichat_proto.messages import CloseCode
from multichat_proto.verdicts import RECONNECT, Reconnect, verdict_on
from multichat_spec import close_codes


def test_the_table_is_that_of_the_specification() -> None:
    assert dict(RECONNECT) == {code: row["reconnect"] for code, row in close_codes().items()}
    assert set(RECONNECT) == set(CloseCode)


def test_an_unlisted_code_is_like_an_abnormal_end() -> None:
    """MC1-CLOSE-08."""
    assert verdict_on(4242) is verdict_on(1006) is Reconnect.BACKOFF
