"""
What a client shows for a user: the key of a session, or the secret of a token.

A browser shows a key in a cookie; a bot shows a token in ``Authorization: Bearer …`` (RFC 6750,
section 2.1). Both are texts. In a *credential* a token is marked as one, so that neither can pass
for the other: a key has no spaces in it.
"""

import re
from collections.abc import Sequence
from typing import Final

__all__ = ["CHALLENGE", "InvalidAuthorization", "bearer", "bearer_token", "token_secret"]

#: What a refusal says in ``WWW-Authenticate``.
CHALLENGE: Final = "Bearer"

_BEARER: Final = "Bearer "

# The characters of RFC 6750's b64token, and no more of them than any token of ours could have.
_HEADER: Final = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]{1,500}=*)")


class InvalidAuthorization(Exception):
    """A request says who it is from in a way that cannot be read."""


def bearer_token(headers: Sequence[str]) -> str | None:
    """
    Return the secret that a request shows; ``None`` if it has no such header.

    Where there is one, no cookie counts: the request is the token's owner's, or nobody's. Other
    schemes are not for us, but for a proxy that asks for a password before it asks us.

    Args:
        headers: The values of all its headers ``Authorization``.

    Raises:
        InvalidAuthorization: It names a token in a way that cannot be read, or several.

    """
    schemes = [header.strip().partition(" ")[0].lower() for header in headers]
    if "bearer" not in schemes:
        return None
    found = _HEADER.fullmatch(headers[0].strip())
    if len(headers) != 1 or found is None:
        raise InvalidAuthorization
    return found[1]


def bearer(secret: str) -> str:
    """Return the credential that a token's secret is."""
    return _BEARER + secret


def token_secret(credential: str) -> str | None:
    """Return the secret of the token that a credential is; ``None`` if it is a session's key."""
    return credential.removeprefix(_BEARER) if credential.startswith(_BEARER) else None
