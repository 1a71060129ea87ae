"""Giving a browser a session: under a new key, with a new token for its forms."""

from starlette.responses import Response

from multichat_proto.handshake import CSRF_COOKIE, SESSION_COOKIE
from multichat_server.storage import Verified
from multichat_server.web import csrf
from multichat_server.web.page import Visit

__all__ = ["open_session", "set_session_cookies"]


async def open_session(visit: Visit, verified: Verified) -> str:
    """
    Start a session for whoever is visiting, and return its key.

    The session that the browser had ends: a key that somebody planted in it beforehand is worth
    nothing afterwards.

    Raises:
        PasswordChanged: The password is another since it was checked, or the user is gone or
            inactive.

    """
    site = visit.site
    key = await site.store.start_session(
        verified, lifetime=site.settings.session_lifetime, client=visit.client
    )
    if visit.session_key:
        await site.end_session(visit.session_key)
    return key


def set_session_cookies(visit: Visit, response: Response, key: str) -> None:
    """Have the browser keep a session's key, and a token that nobody knew before."""
    visit.set_cookie(response, CSRF_COOKIE, csrf.new_token(), seconds=csrf.COOKIE_SECONDS)
    visit.set_cookie(response, SESSION_COOKIE, key, seconds=visit.site.settings.session_lifetime)
