"""
The users: all of them, a new one, what they may do, and the end of one.

Nobody can lock himself out by a slip: one's own account cannot be deleted, deactivated or taken
off staff here, and neither can the last one that is staff and active, whoever asks for it.
"""

from typing import Final

from starlette.responses import Response

from multichat_server.password_rules import SHORTEST_PASSWORD
from multichat_server.storage import InvalidValue, LastStaff, NameTaken, User
from multichat_server.storage.names import valid_username
from multichat_server.web import notices
from multichat_server.web.admin.editing import (
    edited_flag,
    edited_text,
    password_errors,
    refusal,
    sentence,
)
from multichat_server.web.admin.vanished import may_have_vanished
from multichat_server.web.answers import page, redirect
from multichat_server.web.guards import staff_only
from multichat_server.web.page import Visit

__all__ = ["USERS", "add", "change", "delete", "index"]

#: The list of users, at the original's path.
USERS: Final = "/admin/auth/user/"

_OWN: Final = "This is your own account. Another member of staff can do that."

notices.register(
    {
        "user-added": "The user was added.",
        "user-changed": "The user was changed.",
        "user-unchanged": "Nothing was changed.",
        "user-deleted": "The user was deleted.",
    }
)


@staff_only
async def index(visit: Visit) -> Response:
    """List the users, or those that are searched for."""
    query = visit.query("q")
    found = await visit.site.store.search_users(query, page=visit.query_number("page", 1))
    return page(visit, "admin/users.html", found=found, query=query)


@staff_only
async def add(visit: Visit) -> Response:
    """Add a user."""
    username, is_staff, is_active = "", False, True
    errors: dict[str, str] = {}
    if visit.request.method == "POST":
        username = (visit.field("username") or "").strip()
        password = visit.field("password") or ""
        is_staff = visit.field("is_staff") is not None
        is_active = visit.field("is_active") is not None
        errors = {
            **refusal("username", valid_username, username),
            **password_errors(visit, username),
        }
        if not errors:
            try:
                await visit.site.store.add_user(
                    username, password, is_staff=is_staff, is_active=is_active, by=visit.actor
                )
            except NameTaken as exc:
                errors["username"] = sentence(exc)
            else:
                await visit.site.changed()
                return redirect(USERS, notice="user-added")
    return page(
        visit,
        "admin/user_add.html",
        status=422 if errors else 200,
        username=username,
        is_staff=is_staff,
        is_active=is_active,
        errors=errors,
        shortest=SHORTEST_PASSWORD,
    )


@staff_only
@may_have_vanished("user")
async def change(visit: Visit) -> Response:
    """Change a user's name, and what it may do."""
    store = visit.site.store
    account = await store.user(visit.path_id("user_id"))
    user = account.user
    if visit.request.method != "POST":
        return _form(visit, user, user.username, user.is_staff, user.is_active, {})
    name = edited_text(visit, "username", user.username)
    staff = edited_flag(visit, "is_staff", current=user.is_staff)
    active = edited_flag(visit, "is_active", current=user.is_active)
    errors: dict[str, str] = {}
    if _is_own(visit, user):
        if staff.wanted is False:
            errors["is_staff"] = _OWN
        if active.wanted is False:
            errors["is_active"] = _OWN
    if errors or name.conflict is not None:
        return _form(
            visit, user, name.shown, staff.shown, active.shown, errors, conflict=name.conflict
        )
    try:
        await store.change_user(
            user.id,
            new_username=name.wanted,
            is_staff=staff.wanted,
            is_active=active.wanted,
            keep_staff=True,
            by=visit.actor,
        )
    except (InvalidValue, NameTaken) as exc:
        errors["username"] = sentence(exc)
    except LastStaff as exc:
        errors["is_staff" if staff.wanted is False else "is_active"] = sentence(exc)
    if errors:
        return _form(visit, user, name.shown, staff.shown, active.shown, errors)
    if name.wanted is None and staff.wanted is None and active.wanted is None:
        return redirect(USERS, notice="user-unchanged")
    await visit.site.changed()
    return redirect(USERS, notice="user-changed")


@staff_only
@may_have_vanished("user")
async def delete(visit: Visit) -> Response:
    """Ask whether a user is to be deleted, or delete it."""
    store = visit.site.store
    user = (await store.user(visit.path_id("user_id"))).user
    error = None
    if visit.request.method == "POST":
        if _is_own(visit, user):
            error = _OWN
        else:
            try:
                await store.delete_user(user.id, keep_staff=True, by=visit.actor)
            except LastStaff as exc:
                error = sentence(exc)
            else:
                await visit.site.changed()
                return redirect(USERS, notice="user-deleted")
    return page(
        visit,
        "admin/user_delete.html",
        status=422 if error else 200,
        who=user,
        is_own=_is_own(visit, user),
        sessions=len(await store.sessions_of(user.id)),
        tokens=len(await store.tokens.of(user.id)),
        error=error,
    )


def _is_own(visit: Visit, user: User) -> bool:
    return user.id == visit.known_user.id


def _form(
    visit: Visit,
    user: User,
    username: str,
    is_staff: bool,
    is_active: bool,
    errors: dict[str, str],
    *,
    conflict: str | None = None,
) -> Response:
    """Show the form with what is typed in it, beside what is stored."""
    status = 422 if errors else 409 if conflict is not None else 200
    return page(
        visit,
        "admin/user_change.html",
        status=status,
        who=user,
        is_own=_is_own(visit, user),
        username=username,
        is_staff=is_staff,
        is_active=is_active,
        errors=errors,
        conflict=conflict,
    )
