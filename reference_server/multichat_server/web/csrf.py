"""
Forms of other sites are refused: the double-submit cookie of the original, and the Origin header.

A page's form carries a token that is also in the cookie ``csrftoken``. Another site can make a
browser send the cookie along, but cannot read it, and so cannot put its value in the form. The
token is accepted from the field ``csrfmiddlewaretoken`` or from the header ``X-CSRFToken``.

Browsers say in ``Origin`` which site a form was on. Where they do, it must be this one (see
:mod:`multichat_server.origin`): this holds even against a neighbour (another host of the same
domain) who can set cookies here.

The original masks the token anew on each page, against attacks that guess at it through
compression. Nothing is compressed here, so that the token is the cookie's value as it is.
"""

import hmac
import re
import secrets
import string
from collections.abc import Collection
from typing import Final

from starlette.requests import Request

from multichat_proto.handshake import CSRF_COOKIE
from multichat_server.origin import is_own_origin

__all__ = [
    "COOKIE_SECONDS",
    "is_from_our_page",
    "new_token",
    "token_of",
    "tokens_match",
]

_HEADER: Final = "x-csrftoken"

#: One year, in seconds, as in the original.
COOKIE_SECONDS: Final = 31_449_600

# As the original's tokens look, and the field around them (in the templates): there are clients
# that find the token by a pattern.
_TOKEN_CHARACTERS: Final = string.ascii_letters + string.digits
_TOKEN_LENGTH: Final = 64
# A cookie that is no token of that kind could be guessed.
_TOKEN: Final = re.compile(r"[A-Za-z0-9]{64}")


def new_token() -> str:
    """Return a token that nobody can guess."""
    return "".join(secrets.choice(_TOKEN_CHARACTERS) for _ in range(_TOKEN_LENGTH))


def token_of(request: Request) -> str | None:
    """Return the token in a request's cookie; ``None`` if there is none to be trusted."""
    token = request.cookies.get(CSRF_COOKIE, "")
    return token if _TOKEN.fullmatch(token) else None


def is_from_our_page(
    request: Request, field: str | None, *, allowed_origins: Collection[str]
) -> bool:
    """
    Tell whether a request was made by a page of ours.

    Args:
        request: Gives the cookie, and the headers for the token and the origin.
        field: What the form has in its field for the token; ``None`` if it has none.
        allowed_origins: Origins that count as our own, as in the settings.

    """
    origins, hosts = request.headers.getlist("origin"), request.headers.getlist("host")
    return is_own_origin(origins, hosts, allowed_origins) and tokens_match(request, field)


def tokens_match(request: Request, field: str | None) -> bool:
    """
    Tell whether a request proves that its sender could read the cookie.

    Args:
        request: Gives the cookie and the header.
        field: What the form has in its field for the token; ``None`` if it has none.

    """
    expected = token_of(request)
    given = field or request.headers.get(_HEADER)
    if expected is None or given is None:
        return False
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
