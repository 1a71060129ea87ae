"""Announcements: of which types, how long, and to whom."""

import pytest

from multichat_proto.exceptions import StoreUnavailable
from multichat_server.engine import Member

from .conftest import Program, World

PATH = "/rooms/1/announcements"


@pytest.mark.parametrize("msg_type", [1, 2, 3])
async def test_an_announcement_reaches_the_room(
    world: World, admin: Program, msg_type: int
) -> None:
    await world.enter(1, Member(17, 1, "alice"), Member(18, 2, "admin"))

    response = await admin.ask("POST", PATH, json={"msg_type": msg_type, "message": "<b>Ужин</b>"})

    assert (response.status_code, response.json()) == (200, {"delivered_to": 2})
    assert world.chat.announced == [(1, msg_type, "<b>Ужин</b>", "admin")]
    (entry,) = await world.log()
    assert (entry.actor, entry.action, entry.subject, entry.subject_id, entry.details) == (
        "admin",
        "room.announce",
        "Lobby",
        1,
        {"msg_type": msg_type, "message": "<b>Ужин</b>"},
    )


async def test_nobody_may_be_there_to_hear_it(admin: Program) -> None:
    response = await admin.ask("POST", PATH, json={"msg_type": 1, "message": "hello?"})

    assert response.json() == {"delivered_to": 0}


async def test_a_type_of_the_deployment_is_one_too(world: World) -> None:
    """MC1-TYPE-04: clients show what they do not know plainly."""
    world.set(message_types=("6:celebration",))
    admin = await world.bot("admin")

    response = await admin.ask("POST", PATH, json={"msg_type": 6, "message": "hooray"})

    assert response.status_code == 200
    assert world.chat.announced == [(1, 6, "hooray", "admin")]


@pytest.mark.parametrize("msg_type", [0, 4, 5, 6, -1, 2**64, 1.0, "1", True, None], ids=repr)
async def test_other_types_are_none(world: World, admin: Program, msg_type: object) -> None:
    """MC1-TYPE-03: 0 is said by people, 4 and 5 by those who come and go."""
    refused = await admin.refused("POST", PATH, json={"msg_type": msg_type, "message": "x"})

    assert refused == (422, "BODY_INVALID")
    assert (world.chat.announced, await world.log()) == ([], [])


async def test_which_types_there_are_is_said(admin: Program) -> None:
    response = await admin.ask("POST", PATH, json={"msg_type": 6, "message": "x"})

    detail = "Announcements are of type 1 (warning), 2 (alert), 3 (muted)."
    assert response.json()["detail"] == detail


async def test_the_limit_is_that_of_messages_and_counts_code_points(world: World) -> None:
    world.set(max_message_length=4096)
    admin = await world.bot("admin")

    fits = await admin.ask("POST", PATH, json={"msg_type": 1, "message": "😀" * 4096})
    refused = await admin.refused("POST", PATH, json={"msg_type": 1, "message": "x" * 4097})

    assert (fits.status_code, refused) == (200, (422, "MESSAGE_TOO_LONG"))
    assert len(world.chat.announced) == len(await world.log()) == 1


@pytest.mark.parametrize("message", ["", " \n"], ids=["empty", "blank"])
async def test_a_blank_one_is_none(world: World, admin: Program, message: str) -> None:
    refused = await admin.refused("POST", PATH, json={"msg_type": 1, "message": message})

    assert refused == (422, "BODY_INVALID")
    assert (world.chat.announced, await world.log()) == ([], [])


async def test_no_room_hears_nothing(world: World, admin: Program) -> None:
    said = {"msg_type": 1, "message": "x"}

    refused = await admin.refused("POST", "/rooms/99/announcements", json=said)

    assert refused == (404, "ROOM_INVALID")
    assert (world.chat.announced, await world.log()) == ([], [])


async def test_nothing_is_said_that_the_log_does_not_know(
    world: World, admin: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def record(*_: object, **__: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(world.store.audit, "record", record)
    said = {"msg_type": 1, "message": "x"}

    assert await admin.refused("POST", PATH, json=said) == (503, "SERVER_UNAVAILABLE")
    assert world.chat.announced == []
