"""
Who asks: the owner of the token that a request shows, or of the session that its cookie names.

Where there is a token, no cookie counts, and nothing has to prove that the request was not made
by a page of another site: browsers send no token along by themselves.
"""

from dataclasses import dataclass
from typing import Final, Literal

from starlette.requests import Request

from multichat_proto.handshake import SESSION_COOKIE
from multichat_server.api.errors import Code, Refused
from multichat_server.credentials import (
    CHALLENGE,
    InvalidAuthorization,
    bearer,
    bearer_token,
)
from multichat_server.storage import Actor, User
from multichat_server.web import csrf
from multichat_server.web.addresses import request_address
from multichat_server.web.site import Site

__all__ = ["SAFE_METHODS", "Caller", "Credential", "identify"]

#: Methods that change nothing.
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

Credential = Literal["session", "token"]

# RFC 6750, section 3.1.
_BAD_TOKEN: Final = f'{CHALLENGE} error="invalid_token"'


@dataclass(frozen=True, slots=True)
class Caller:
    """
    Who asks for something.

    Attributes:
        user: The account.
        authenticated_by: What it showed.
        actor: The same for the audit log.

    """

    user: User
    authenticated_by: Credential
    actor: Actor


async def identify(site: Site, request: Request) -> Caller:
    """
    Return who asks.

    Raises:
        Refused: Nobody that we know (``USER_HAS_TO_LOGIN``); or the request would change
            something, and a page of another site may have made it (``CSRF_FAILED``).
        StoreUnavailable: The store cannot be reached.

    """
    try:
        secret = bearer_token(request.headers.getlist("authorization"))
    except InvalidAuthorization:
        raise _unknown("Authorization is read as one bearer token.", _BAD_TOKEN) from None
    if secret is not None:
        user = await site.store.tokens.user(secret)
        if user is None:
            wrong = "This token is not known, has run out or was revoked."
            raise _unknown(wrong, _BAD_TOKEN)
        site.sightings.note(bearer(secret))
        return _caller(site, request, user, "token", bearer(secret))

    key = request.cookies.get(SESSION_COOKIE)
    user = await site.store.session_user(key) if key else None
    if key is None or user is None:
        raise _unknown(None, CHALLENGE)
    origins = site.settings.allowed_origins
    if request.method not in SAFE_METHODS and not csrf.is_from_our_page(
        request, None, allowed_origins=origins
    ):
        raise Refused(Code.CSRF_FAILED)
    site.sightings.note(key)
    return _caller(site, request, user, "session", key)


def _caller(site: Site, request: Request, user: User, by: Credential, shown: str) -> Caller:
    address = request_address(request, trusted_proxies=site.settings.trusted_proxies)
    return Caller(user, by, Actor.of(user, address, credential=shown))


def _unknown(detail: str | None, challenge: str) -> Refused:
    headers = {"www-authenticate": challenge}
    return Refused(Code.USER_HAS_TO_LOGIN, detail, headers=headers)
