"""Rooms: who sees which, and what staff do with them."""

from typing import Any

import pytest

from multichat_server.storage import RoomRecord

from .conftest import Program, World

LOBBY = {"id": "1", "title": "Lobby", "staff_only": False}
TEST = {"id": "2", "title": "<b>Тест</b> 😀", "staff_only": False}
OFFICE = {"id": "3", "title": "Back office", "staff_only": True}


async def listed(program: Program) -> Any:
    return (await program.get("/rooms"))["rooms"]


async def test_people_see_their_rooms_by_title(alice: Program) -> None:
    assert await listed(alice) == [TEST, LOBBY]


async def test_staff_see_all_rooms(admin: Program) -> None:
    assert await listed(admin) == [TEST, OFFICE, LOBBY]


async def test_a_page_sees_the_same_as_a_program(world: World) -> None:
    page = await world.page("alice")

    assert await listed(page) == [TEST, LOBBY]


async def test_the_list_says_who_asks_and_how_new_it_is(
    world: World, alice: Program, admin: Program
) -> None:
    """The same as long as all of it is the same, on any node."""
    first = await alice.get("/rooms")
    assert (first["user_id"], first["username"]) == ("1", "alice")
    assert await (await world.page("alice")).get("/rooms") == first
    assert (await admin.get("/rooms"))["revision"] != first["revision"]

    await world.store.change_user("alice", new_username="alicia")
    renamed = await alice.get("/rooms")

    assert renamed["username"] == "alicia"
    assert renamed["rooms"] == first["rooms"]
    assert renamed["revision"] != first["revision"]


async def test_there_can_be_no_rooms(world: World, admin: Program) -> None:
    for room in await world.store.rooms():
        await world.store.delete_room(room.id)

    assert await listed(admin) == []


async def test_one_room(alice: Program, admin: Program) -> None:
    assert await alice.get("/rooms/1") == LOBBY
    assert await admin.get("/rooms/3") == OFFICE


async def test_a_staff_room_is_closed_to_others(alice: Program) -> None:
    """As in the chat (MC1-ROOM-07)."""
    assert await alice.refused("GET", "/rooms/3") == (403, "ROOM_ACCESS_DENIED")


NO_IDS = [
    "99",
    "0",
    "-1",
    "01",
    "1.0",
    "one",
    "٣",
    "1%20",
    "9223372036854775808",
    "9" * 5000,
    "%00",
]


@pytest.mark.parametrize("room", NO_IDS, ids=lambda room: room[:20])
@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
async def test_what_names_no_room_is_not_there(admin: Program, method: str, room: str) -> None:
    """MC1-ROOM-02, -06: the canonical decimal number and nothing else."""
    json = {"title": "x"} if method == "PATCH" else None

    assert await admin.refused(method, f"/rooms/{room}", json=json) == (404, "ROOM_INVALID")


async def test_a_room_with_the_highest_id_keeps_all_its_digits(
    world: World, admin: Program
) -> None:
    await world.store.add_room("far", room_id=2**63 - 1)

    found = await admin.get("/rooms/9223372036854775807")

    assert found["id"] == "9223372036854775807"


async def test_staff_add_a_room(world: World, admin: Program) -> None:
    response = await admin.ask("POST", "/rooms", json={"title": "Kitchen", "staff_only": True})

    assert response.status_code == 201
    assert response.json() == {"id": "4", "title": "Kitchen", "staff_only": True}
    assert response.headers["location"] == "/api/v1/rooms/4"
    assert await admin.get("/rooms/4") == response.json()
    assert world.chat.refreshes == 1
    assert [(e.actor, e.action, e.subject, e.subject_id, e.details) for e in await world.log()] == [
        ("admin", "room.add", "Kitchen", 4, {"staff_only": True})
    ]


async def test_a_room_is_for_all_if_nothing_else_is_said(admin: Program) -> None:
    response = await admin.ask("POST", "/rooms", json={"title": "Kitchen"})

    assert response.json()["staff_only"] is False


@pytest.mark.parametrize(
    ("change", "room", "details"),
    [
        (
            {"title": "Hall"},
            RoomRecord(1, "Hall", staff_only=False),
            {"title": ["Lobby", "Hall"]},
        ),
        (
            {"staff_only": True},
            RoomRecord(1, "Lobby", staff_only=True),
            {"staff_only": [False, True]},
        ),
        (
            {"title": "Hall", "staff_only": True},
            RoomRecord(1, "Hall", staff_only=True),
            {"title": ["Lobby", "Hall"], "staff_only": [False, True]},
        ),
    ],
    ids=["title", "staff-only", "both"],
)
async def test_staff_change_a_room(
    world: World,
    admin: Program,
    change: dict[str, object],
    room: RoomRecord,
    details: dict[str, object],
) -> None:
    response = await admin.ask("PATCH", "/rooms/1", json=change)

    assert response.status_code == 200
    assert response.json() == {"id": "1", "title": room.title, "staff_only": room.staff_only}
    assert await world.store.room(1) == room
    assert world.chat.refreshes == 1
    (entry,) = await world.log()
    assert (entry.action, entry.subject, entry.details) == ("room.change", "Lobby", details)


async def test_a_change_of_nothing_changes_nothing(world: World, admin: Program) -> None:
    revision = await world.store.revision()

    response = await admin.ask("PATCH", "/rooms/1", json={})

    assert response.json() == LOBBY
    assert (await world.store.revision(), await world.log()) == (revision, [])


async def test_a_staff_room_can_be_opened_to_all(world: World, admin: Program) -> None:
    await admin.ask("PATCH", "/rooms/3", json={"staff_only": False})

    assert not (await world.store.room(3)).staff_only


async def test_staff_delete_a_room(world: World, admin: Program) -> None:
    response = await admin.ask("DELETE", "/rooms/1")

    assert response.status_code == 204
    assert await admin.refused("GET", "/rooms/1") == (404, "ROOM_INVALID")
    assert world.chat.refreshes == 1
    (entry,) = await world.log()
    assert (entry.action, entry.subject, entry.subject_id) == ("room.delete", "Lobby", 1)


@pytest.mark.parametrize(
    "title",
    ["", "   ", "x" * 256, "two\nlines", "bell\x07", "\u2028"],
    ids=["empty", "blank", "long", "lines", "control", "separator"],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/rooms"), ("PATCH", "/rooms/1")])
async def test_a_title_is_what_the_store_takes(
    world: World, admin: Program, method: str, path: str, title: str
) -> None:
    rooms = await world.store.rooms()

    assert await admin.refused(method, path, json={"title": title}) == (422, "BODY_INVALID")
    assert await world.store.rooms() == rooms


async def test_why_a_title_is_refused_is_said(admin: Program) -> None:
    response = await admin.ask("POST", "/rooms", json={"title": "x" * 256})

    assert response.json()["detail"] == "A room's title has at most 255 characters."
