"""
What a page says about the one before it, such as "The room was added".

It is carried in the query of a redirect, as a code. The sentence stands here and nowhere else,
so that a link can make a page say nothing else; and of a link on another site none of it is said,
because nothing has happened.
"""

from collections.abc import Mapping

from starlette.requests import Request

__all__ = ["FIELD", "is_registered", "notice_for", "register"]

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


def notice_for(request: Request) -> str | None:
    """Return the sentence of the code in a request's query; ``None`` if there is nothing to say."""
    # Not every browser says where a request comes from.
    if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return None
    return _NOTICES.get(request.query_params.get(FIELD, ""))


def is_registered(code: str) -> bool:
    """Tell whether there is a notice of this code."""
    return code in _NOTICES
