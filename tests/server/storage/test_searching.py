"""Searching users and rooms, and looking them up by id."""

import pytest

from multichat_server.storage import NotFound, Store, searching


async def names(store: Store, text: str) -> list[str]:
    return [account.user.username for account in (await store.search_users(text)).items]


async def titles(store: Store, text: str) -> list[str]:
    return [room.title for room in (await store.search_rooms(text)).items]


async def test_users_are_found_by_a_part_of_their_names_in_any_case(store: Store) -> None:
    for name in ("Alice", "malice", "ÉLISE", "bob", "100.5", "under_score"):
        await store.add_user(name, "pw")

    assert await names(store, "ALI") == ["Alice", "malice"]
    assert await names(store, "élise") == ["ÉLISE"]
    assert await names(store, " bob ") == ["bob"]
    assert await names(store, "_") == ["under_score"]
    assert await names(store, "%") == await names(store, "nobody") == []


async def test_all_are_found_by_no_text_in_the_order_of_code_points(store: Store) -> None:
    for name in ("b", "é", "B", "z", "a"):
        await store.add_user(name, "pw")

    assert await names(store, "") == ["B", "a", "b", "z", "é"]
    assert await names(store, "") == [user.username for user in await store.users()]


async def test_rooms_are_found_by_title_or_id(store: Store) -> None:
    await store.add_room("Straße", room_id=17)
    await store.add_room("room 17", room_id=3)
    await store.add_room("другая", room_id=5)

    assert await titles(store, "STRASSE") == ["Straße"]
    assert await titles(store, "17") == ["Straße", "room 17"]
    assert await titles(store, "ДРУГ") == ["другая"]
    assert await titles(store, "") == [room.title for room in await store.rooms()]
    assert await titles(store, "9" * 19) == await titles(store, "9" * 5000) == []


@pytest.mark.parametrize("text", ["\x00", "\ud800", "a\nb"], ids=["nul", "surrogate", "line"])
async def test_what_no_name_has_finds_nothing(store: Store, text: str) -> None:
    await store.add_user("alice", "pw")
    await store.add_room("a b")

    assert await names(store, text) == []
    assert await titles(store, text) == []


async def test_what_is_found_comes_in_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "PAGE_SIZE", 2)
    for number in range(5):
        await store.add_room(f"room {number}")
    await store.add_room("other")

    found = [await store.search_rooms("room", page=page) for page in (1, 3, 4, 10**18, 0, -5)]

    assert {(page.total, page.pages) for page in found} == {(5, 3)}
    assert [page.page for page in found] == [1, 3, 3, 3, 1, 1]
    assert [[room.title for room in page.items] for page in found[:3]] == [
        ["room 0", "room 1"],
        ["room 4"],
        ["room 4"],
    ]


async def test_nothing_is_one_page(store: Store) -> None:
    found = await store.search_users("x")

    assert (found.items, found.total, found.page, found.pages) == ([], 0, 1, 1)


async def test_a_new_name_is_found_and_the_old_one_is_not(store: Store) -> None:
    await store.add_user("alice", "pw")
    await store.add_room("general")

    await store.change_user("alice", new_username="Zoë")
    await store.change_room(1, title="Kitchen")

    assert (await names(store, "alice"), await names(store, "ZOË")) == ([], ["Zoë"])
    assert (await titles(store, "general"), await titles(store, "kitchen")) == ([], ["Kitchen"])


async def test_one_is_looked_up_by_id(store: Store) -> None:
    user = await store.add_user("alice", "pw", is_active=False)
    room = await store.add_room("general")

    account = await store.user(user.id)
    assert (account.user, account.last_login_at) == (user, None)
    assert not account.user.is_active
    assert await store.room(room.id) == room
    assert await store.change_user(user.id, is_staff=True) == await store.change_user("alice")


@pytest.mark.parametrize("number", [0, -1, 99, 2**63])
async def test_an_id_of_nothing_is_not_found(store: Store, number: int) -> None:
    for lookup in (store.user, store.room, store.delete_user, store.change_user):
        with pytest.raises(NotFound):
            await lookup(number)
