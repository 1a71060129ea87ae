"""Where one is logged in, and how one ends that: one session, all others, or all."""

from typing import Final

from starlette.responses import Response

from multichat_proto.handshake import LOGIN_PATH
from multichat_server.web import notices
from multichat_server.web.accounts.devices import device_of
from multichat_server.web.answers import page, redirect
from multichat_server.web.guards import login_required
from multichat_server.web.page import Visit, delete_session_cookie

__all__ = ["MOST_SHOWN", "PATH", "show"]

PATH: Final = "/accounts/sessions/"

#: A program that logs in anew each time has thousands.
MOST_SHOWN: Final = 100

# What the form says instead of a session's id.
_ALL: Final = "all"
_OTHERS: Final = "others"

_ENDED: Final = "session-ended"
_GONE: Final = "session-gone"
_OTHERS_ENDED: Final = "sessions-others-ended"
_LOGGED_OUT: Final = "sessions-all-ended"
_LOGGED_OUT_WITH_TOKENS: Final = "sessions-all-ended-with-tokens"
notices.register(
    {
        _ENDED: "The session has ended.",
        _GONE: "That session had ended already.",
        _OTHERS_ENDED: "All other sessions have ended.",
        _LOGGED_OUT: "You are logged out everywhere.",
        _LOGGED_OUT_WITH_TOKENS: "You are logged out everywhere, and all tokens are revoked.",
    }
)


@login_required
async def show(visit: Visit) -> Response:
    """List one's sessions, or end some of them; whoever chats in those is closed at once."""
    store, user = visit.site.store, visit.known_user
    own = store.session_id(visit.session_key or "")
    if visit.request.method == "POST":
        return await _end(visit, visit.field("session") or "", own)
    sessions = await store.sessions_of(user.id)
    # One's own first, whatever is in use elsewhere.
    sessions.sort(key=lambda session: session.id != own)
    return page(
        visit,
        "accounts/sessions.html",
        sessions=[(each, device_of(each.user_agent)) for each in sessions[:MOST_SHOWN]],
        more=len(sessions[MOST_SHOWN:]),
        own=own,
        tokens=len(await store.tokens.of(user.id)),
    )


async def _end(visit: Visit, which: str, own: str) -> Response:
    store, user, actor = visit.site.store, visit.known_user, visit.actor
    if which == _ALL:
        with_tokens = visit.field("tokens") is not None
        await store.end_sessions(user.id, revoke_tokens=with_tokens, by=actor)
        notice = _LOGGED_OUT_WITH_TOKENS if with_tokens else _LOGGED_OUT
        return await _logged_out(visit, notice)
    if which == _OTHERS:
        await store.end_sessions(user.id, except_key=visit.session_key, by=actor)
        notice = _OTHERS_ENDED
    else:
        ended = await store.end_session_by_id(user.id, which, by=actor)
        if ended and which == own:
            return await _logged_out(visit, _ENDED)
        notice = _ENDED if ended else _GONE
    await visit.site.changed()
    return redirect(PATH, notice=notice)


async def _logged_out(visit: Visit, notice: str) -> Response:
    await visit.site.changed()
    response = redirect(LOGIN_PATH, notice=notice)
    delete_session_cookie(visit, response)
    return response
