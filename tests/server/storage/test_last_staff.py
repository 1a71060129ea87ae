"""The last active member of staff stays, where that is asked for."""

from typing import Any

import pytest
import trio

from multichat_server.storage import LastStaff, Store


async def test_the_last_of_staff_stays(store: Store) -> None:
    admin = await store.add_user("admin", "pw", is_staff=True)
    await store.add_user("former", "pw", is_staff=True, is_active=False)
    await store.add_user("plain", "pw")

    for changes in ({"is_staff": False}, {"is_active": False}):
        with pytest.raises(LastStaff, match=r"^admin is the only active member of staff$"):
            await store.change_user(admin.id, keep_staff=True, **changes)  # type: ignore[arg-type]  # flags
    for who in (admin.id, "admin"):
        with pytest.raises(LastStaff):
            await store.delete_user(who, keep_staff=True)
    assert (await store.user(admin.id)).user == admin


async def test_everything_else_goes_on(store: Store) -> None:
    await store.add_user("admin", "pw", is_staff=True)

    await store.change_user("admin", new_username="root", keep_staff=True)
    await store.change_user("root", is_staff=True, is_active=True, keep_staff=True)
    await store.add_user("1", "pw")
    await store.change_user("1", is_active=False, keep_staff=True)
    await store.delete_user("1", keep_staff=True)
    await store.add_user("other", "pw", is_staff=True)
    await store.change_user("root", is_staff=False, keep_staff=True)


async def test_whoever_does_not_ask_for_it_can_do_all(store: Store) -> None:
    """Such as the command line, which can make new staff afterwards."""
    await store.add_user("admin", "pw", is_staff=True)

    await store.change_user("admin", is_staff=False)
    await store.change_user("admin", is_staff=True)
    await store.delete_user("admin")


@pytest.mark.parametrize(
    "change", [{"is_staff": False}, {"is_active": False}, None], ids=["staff", "active", "delete"]
)
async def test_of_two_who_remove_each_other_one_stays(
    store: Store, change: dict[str, Any] | None
) -> None:
    names = ["one", "two", "three"]
    for name in names:
        await store.add_user(name, "pw", is_staff=True)
    refused: list[str] = []

    async def remove(name: str) -> None:
        try:
            if change is None:
                await store.delete_user(name, keep_staff=True)
            else:
                await store.change_user(name, keep_staff=True, **change)
        except LastStaff:
            refused.append(name)

    async with trio.open_nursery() as nursery:
        for name in names:
            nursery.start_soon(remove, name)

    left = [user.username for user in await store.users() if user.is_staff and user.is_active]
    assert left == refused
    assert len(left) == 1
