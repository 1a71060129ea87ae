"""A frame filed in parts is built as its description says."""

import pytest

from multichat_spec import Frame, expand


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        ("", ""),
        ("{}", "{}"),
        ({"parts": ["a", {"repeat": "bc", "times": 3}, "d"]}, "abcbcbcd"),
        ({"parts": [{"count": "k{}", "times": 3, "between": ","}]}, "k0,k1,k2"),
    ],
)
def test_expand(frame: Frame, text: str) -> None:
    assert expand(frame) == text
