"""How a user gets in: a new password, and the end of all sessions and tokens."""

from typing import Final

from starlette.responses import Response

from multichat_server.password_rules import SHORTEST_PASSWORD
from multichat_server.web import notices
from multichat_server.web.accounts.devices import device_of
from multichat_server.web.admin.editing import password_errors
from multichat_server.web.admin.users import USERS
from multichat_server.web.admin.vanished import may_have_vanished
from multichat_server.web.answers import page, redirect
from multichat_server.web.guards import staff_only
from multichat_server.web.page import Visit

__all__ = ["password", "sessions"]

_OWN_PASSWORD: Final = "/accounts/password_change/"  # noqa: S105  # an address

# Nobody reads more; a program that logs in anew each time makes thousands.
_MOST_SHOWN: Final = 50

notices.register(
    {
        "user-password": "The password was set, and the user's sessions have ended.",
        "user-sessions": "The user's sessions have ended.",
        "user-sessions-tokens": "The user's sessions have ended, and its tokens are revoked.",
        "user-own-sessions": "All your sessions but this one have ended.",
    }
)


@staff_only
@may_have_vanished("user")
async def password(visit: Visit) -> Response:
    """
    Set a user's password, for one who has lost it.

    One's own is changed elsewhere, where the old one is asked for: it must not suffice to find
    somebody's desk.
    """
    store = visit.site.store
    user = (await store.user(visit.path_id("user_id"))).user
    if user.id == visit.known_user.id:
        return redirect(_OWN_PASSWORD)
    errors: dict[str, str] = {}
    revokes = visit.field("tokens") is not None
    if visit.request.method == "POST":
        errors = password_errors(visit, user.username)
        if not errors:
            await store.change_user(
                user.id,
                password=visit.field("password"),
                revoke_tokens=revokes,
                by=visit.actor,
            )
            await visit.site.changed()
            return redirect(f"{USERS}{user.id}/change/", notice="user-password")
    return page(
        visit,
        "admin/user_password.html",
        status=422 if errors else 200,
        who=user,
        errors=errors,
        revokes=revokes,
        shortest=SHORTEST_PASSWORD,
        tokens=len(await store.tokens.of(user.id)),
    )


@staff_only
@may_have_vanished("user")
async def sessions(visit: Visit) -> Response:
    """List a user's sessions and tokens, or end them; of one's own, this one goes on."""
    store = visit.site.store
    user = (await store.user(visit.path_id("user_id"))).user
    is_own = user.id == visit.known_user.id
    key = visit.session_key if is_own else None
    if visit.request.method != "POST":
        found = await store.sessions_of(user.id)
        return page(
            visit,
            "admin/user_sessions.html",
            who=user,
            is_own=is_own,
            sessions=[(each, device_of(each.user_agent)) for each in found[:_MOST_SHOWN]],
            total=len(found),
            this=store.session_id(key) if key is not None else None,
            tokens=await store.tokens.of(user.id),
        )
    with_tokens = visit.field("tokens") is not None
    await store.end_sessions(user.id, except_key=key, revoke_tokens=with_tokens, by=visit.actor)
    await visit.site.changed()
    notice = "user-own-sessions" if is_own else "user-sessions"
    if with_tokens:
        notice = "user-sessions-tokens"
    return redirect(f"{USERS}{user.id}/sessions/", notice=notice)
