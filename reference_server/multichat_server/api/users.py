"""Accounts, for staff."""

from typing import Final

from msgspec import UNSET

from multichat_server.api.errors import Code, Refused
from multichat_server.api.models import NewUser, User, UserChange, Users, UserSearch, account
from multichat_server.api.operation import Call, Who, operation
from multichat_server.password_rules import weakness
from multichat_server.storage import Account
from multichat_server.web.accounts.password import PATH as PASSWORD_PATH

__all__ = ["add_user", "change_user", "delete_user", "get_user", "list_users"]

_OWN_PASSWORD: Final = (
    "This is your own account. Its password is changed where the old one is asked for: at "
    f"{PASSWORD_PATH}."
)


@operation("GET", "/users", who=Who.STAFF)
async def list_users(call: Call, wanted: UserSearch) -> Users:
    """List accounts, a page of them, by name."""
    found = await call.site.store.search_users(wanted.q, page=wanted.page)
    return Users(
        [account(each) for each in found.items],
        total=found.total,
        page=found.page,
        pages=found.pages,
    )


@operation("GET", "/users/{user_id}", who=Who.STAFF)
async def get_user(call: Call) -> User:
    """Get an account."""
    return account(await call.site.store.user(call.path_id("user_id")))


@operation("POST", "/users", who=Who.STAFF, refuses=(Code.NAME_TAKEN,), location="/users/{id}")
async def add_user(call: Call, new: NewUser) -> User:
    """
    Add an account.

    The password keeps the rules that hold for everybody's on the pages.
    """
    _refuse_weak(new.password, username=new.username)
    added = await call.site.store.add_user(
        new.username,
        new.password,
        is_staff=new.is_staff,
        is_active=new.is_active,
        by=call.known.actor,
    )
    await call.site.changed()
    return account(Account(added, last_login_at=None))


@operation(
    "PATCH",
    "/users/{user_id}",
    who=Who.STAFF,
    refuses=(Code.NAME_TAKEN, Code.OWN_ACCOUNT, Code.LAST_STAFF),
)
async def change_user(call: Call, change: UserChange) -> User:
    """
    Change an account.

    Its open connections see it at once. A new password ends its sessions, not its tokens, and
    keeps the rules that hold for everybody's on the pages. One's own is changed there, where the
    old one is asked for.
    """
    site, user_id = call.site, call.path_id("user_id")
    if change.is_staff is False or change.is_active is False:
        _refuse_own(call, user_id)
    if change.password is not UNSET:
        _refuse_own(call, user_id, _OWN_PASSWORD)
        username = change.username
        if username is UNSET:
            username = (await site.store.user(user_id)).user.username
        _refuse_weak(change.password, username=username)
    await site.store.change_user(
        user_id,
        new_username=None if change.username is UNSET else change.username,
        password=None if change.password is UNSET else change.password,
        is_staff=None if change.is_staff is UNSET else change.is_staff,
        is_active=None if change.is_active is UNSET else change.is_active,
        keep_staff=True,
        by=call.known.actor,
    )
    await site.changed()
    return account(await site.store.user(user_id))


@operation(
    "DELETE",
    "/users/{user_id}",
    who=Who.STAFF,
    refuses=(Code.OWN_ACCOUNT, Code.LAST_STAFF),
)
async def delete_user(call: Call) -> None:
    """
    Delete an account with its sessions and tokens; it is put out of all rooms at once.

    Its connections stay open, and count as nobody's.
    """
    user_id = call.path_id("user_id")
    _refuse_own(call, user_id)
    await call.site.store.delete_user(user_id, keep_staff=True, by=call.known.actor)
    await call.site.changed()


def _refuse_own(call: Call, user_id: int, why: str | None = None) -> None:
    """Keep staff from locking themselves out by a slip, as the admin does."""
    if user_id == call.known.user.id:
        raise Refused(Code.OWN_ACCOUNT, why)


def _refuse_weak(password: str, *, username: str) -> None:
    """Refuse what the pages refuse."""
    weak = weakness(password, username=username)
    if weak is not None:
        raise Refused(Code.BODY_INVALID, f"The password will not do. {weak}")
