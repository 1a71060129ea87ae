"""Rooms: titles, ids, and what can be changed."""

import pytest

from multichat_server.storage import InvalidValue, NameTaken, NotFound, RoomRecord, Store


async def test_rooms_get_ids_from_one_on(store: Store) -> None:
    assert await store.add_room("general") == RoomRecord(1, "general", staff_only=False)
    assert await store.add_room("staff", staff_only=True) == RoomRecord(2, "staff", staff_only=True)


async def test_rooms_are_listed_by_title_in_the_order_of_code_points(store: Store) -> None:
    """Where titles are the same, by id: several rooms may be called the same."""
    for title in ("b", "a", "<b>Тест</b> 😀", "B", "a"):
        await store.add_room(title)

    assert [(room.title, room.id) for room in await store.rooms()] == [
        ("<b>Тест</b> 😀", 3),
        ("B", 4),
        ("a", 2),
        ("a", 5),
        ("b", 1),
    ]


async def test_an_id_can_be_chosen_once(store: Store) -> None:
    assert (await store.add_room("fifty", room_id=50)).id == 50

    with pytest.raises(NameTaken, match=r"^there is a room 50 already$"):
        await store.add_room("again", room_id=50)
    assert [room.title for room in await store.rooms()] == ["fifty"]


async def test_an_id_is_never_given_twice(store: Store) -> None:
    """A client that names a room by an old id must not find itself in another."""
    await store.add_room("fifty", room_id=50)
    await store.add_room("seven", room_id=7)
    assert (await store.add_room("next")).id == 51

    await store.delete_room(51)
    await store.delete_room(50)

    assert (await store.add_room("after")).id == 52


async def test_the_highest_id_of_all_leaves_others_for_the_next_room(store: Store) -> None:
    await store.add_room("last", room_id=2**63 - 1)

    assert (await store.add_room("next")).id == 1


@pytest.mark.parametrize("room_id", [0, -1, 2**63])
async def test_an_id_that_names_no_room_is_refused(store: Store, room_id: int) -> None:
    """MC1: 0 and -1 are names of rooms that happen not to exist."""
    with pytest.raises(InvalidValue, match=f"not {room_id}$"):
        await store.add_room("room", room_id=room_id)
    for change in (store.change_room(room_id, title="x"), store.delete_room(room_id)):
        with pytest.raises(NotFound, match=f"^there is no room {room_id}$"):
            await change


@pytest.mark.parametrize(
    "title",
    [
        *("", "  ", "\u3000", "\u200b\u2060", "\ufeff \u00ad", "\u0301", "\u3164", "\u2800"),
        *("x" * 256, "a\nb", "a\x1b[2J", "a\u2028b", "\ud800", "\x00"),
    ],
    ids=ascii,
)
async def test_a_title_that_is_no_line_of_text_is_refused(store: Store, title: str) -> None:
    room = await store.add_room("good")

    with pytest.raises(InvalidValue, match=r"^a room's title") as caught:
        await store.add_room(title)
    with pytest.raises(InvalidValue):
        await store.change_room(room.id, title=title)
    assert str(caught.value).isprintable()
    assert await store.rooms() == [room]


@pytest.mark.parametrize(
    "title",
    ["x" * 255, " padded ", "<script>", "👩‍👩‍👧", "مرحبا", "e\u0301", "\u200bx", "-", "\U0001fae9"],
)
async def test_any_other_title_is_kept_as_it_is(store: Store, title: str) -> None:
    await store.add_room(title)

    assert [room.title for room in await store.rooms()] == [title]


async def test_only_what_is_named_is_changed(store: Store) -> None:
    room = await store.add_room("general")

    assert await store.change_room(1) == room
    assert await store.change_room(1, staff_only=True) == RoomRecord(1, "general", True)
    assert await store.change_room(1, title="new") == RoomRecord(1, "new", True)
    assert await store.rooms() == [RoomRecord(1, "new", True)]


async def test_a_room_that_is_not_there_cannot_be_changed_or_deleted(store: Store) -> None:
    for change in (store.change_room(9), store.change_room(9, title="x"), store.delete_room(9)):
        with pytest.raises(NotFound, match=r"^there is no room 9$"):
            await change
