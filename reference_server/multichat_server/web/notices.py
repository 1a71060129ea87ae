"""
What a page says about the one before it, such as "The room was added".

It is carried in the query of a redirect, as a code. The sentence stands here and nowhere else,
so that a link can make a page say nothing that is not true of some page of ours.
"""

from collections.abc import Mapping

__all__ = ["FIELD", "is_registered", "notice_of", "register"]

#: The name in the query.
FIELD = "notice"

_NOTICES: dict[str, str] = {}


def register(notices: Mapping[str, str]) -> None:
    """
    Add notices, when the module that uses them is imported.

    Args:
        notices: A sentence for each code, such as ``room-added``.

    Raises:
        ValueError: A code is somebody else's already.

    """
    for code, sentence in notices.items():
        if _NOTICES.setdefault(code, sentence) != sentence:
            raise ValueError(f"there is a notice {code!a} already")


def notice_of(code: str) -> str | None:
    """Return the sentence of a code from a query; ``None`` if it is none of ours."""
    return _NOTICES.get(code)


def is_registered(code: str) -> bool:
    """Tell whether there is a notice of this code."""
    return code in _NOTICES
