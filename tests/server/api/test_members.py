"""Who is in a room, and putting somebody out."""

import pytest

from multichat_proto.exceptions import StoreUnavailable
from multichat_server.engine import Member
from multichat_server.storage import AuditEntry

from .conftest import Program, World

ALICE = Member(17, 1, "alice")
ALICE_AGAIN = Member(2**60, 1, "alice")


async def test_members_are_listed(world: World, admin: Program) -> None:
    await world.enter(1, ALICE, ALICE_AGAIN)

    assert await admin.get("/rooms/1/members") == {
        "members": [
            {"connection": "17", "user_id": "1", "username": "alice"},
            {"connection": str(2**60), "user_id": "1", "username": "alice"},
        ]
    }


async def test_a_room_can_be_empty(admin: Program) -> None:
    assert await admin.get("/rooms/1/members") == {"members": []}


async def test_a_member_is_put_out(world: World, admin: Program) -> None:
    await world.enter(1, ALICE, ALICE_AGAIN)

    response = await admin.ask("DELETE", "/rooms/1/members/17")

    assert response.status_code == 204
    assert world.chat.inside[1] == [ALICE_AGAIN]
    (entry,) = await world.log()
    assert (entry.actor, entry.action, entry.subject, entry.subject_id, entry.details) == (
        "admin",
        "room.put_out",
        "Lobby",
        1,
        {"username": "alice"},
    )


@pytest.mark.parametrize("connection", ["18", "0", "017", "x", "9" * 5000], ids=lambda c: c[:9])
async def test_who_is_not_there_cannot_be_put_out(
    world: World, admin: Program, connection: str
) -> None:
    await world.enter(1, ALICE)
    await world.enter(2, Member(18, 1, "alice"))

    refused = await admin.refused("DELETE", f"/rooms/1/members/{connection}")

    assert refused == (404, "NOT_FOUND")
    assert (world.chat.inside[1], len(world.chat.inside[2])) == ([ALICE], 1)
    assert await world.log() == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/rooms/99/members"), ("DELETE", "/rooms/99/members/1")],
    ids=["list", "put-out"],
)
async def test_no_room_has_no_members(admin: Program, method: str, path: str) -> None:
    assert await admin.refused(method, path) == (404, "ROOM_INVALID")


async def test_nobody_is_put_out_whom_the_log_does_not_know(
    world: World, admin: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.enter(1, ALICE)

    async def record(*_: object, **__: object) -> AuditEntry:
        raise StoreUnavailable

    monkeypatch.setattr(world.store.audit, "record", record)

    assert await admin.refused("DELETE", "/rooms/1/members/17") == (503, "SERVER_UNAVAILABLE")
    assert world.chat.inside[1] == [ALICE]
