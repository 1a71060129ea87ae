"""Who is in a room, and putting somebody out."""

import pytest

from .conftest import ROOMS, USERS, Admin

PATH = f"{ROOMS}1/members/"


async def test_members_are_listed(admin: Admin) -> None:
    admin.enter(1, "alice", "<b>bob")

    answer = await admin.get(PATH)

    assert answer.rows == ["alice", "<b>bob"]
    assert "2 members now" in answer.text
    assert f"{USERS}1/change/" in answer.page.links
    assert "Put out alice" in answer.text


async def test_an_empty_room_is_said_to_be_empty(admin: Admin) -> None:
    assert "Nobody is in this room now." in (await admin.get(PATH)).text


async def test_a_member_is_put_out(admin: Admin) -> None:
    admin.enter(1, "alice", "bob")
    admin.enter(2, "alice", "bob")

    answer = await admin.post(PATH, connection="2")

    assert (answer.status, answer.location) == (303, f"{PATH}?notice=member-out")
    assert [member.username for member in admin.site.chat.members(1)] == ["alice"]
    assert len(admin.site.chat.members(2)) == 2
    (entry,) = await admin.log()
    assert (entry.action, entry.subject, entry.subject_id) == ("room.put_out", "room 1", 1)
    assert entry.details == {"username": "bob"}


@pytest.mark.parametrize("connection", ["9", "-1", "x", "", "9" * 5000, "\u0661"], ids=ascii)
async def test_who_is_not_there_cannot_be_put_out(admin: Admin, connection: str) -> None:
    admin.enter(1, "alice")

    answer = await admin.post(PATH, connection=connection)

    assert answer.location == f"{PATH}?notice=member-gone"
    assert len(admin.site.chat.members(1)) == 1
    assert await admin.log() == []


async def test_nothing_is_done_without_a_connection(admin: Admin) -> None:
    admin.enter(1, "alice")

    assert (await admin.post(PATH)).location == f"{PATH}?notice=member-gone"


async def test_who_left_at_that_moment_is_said_to_have_left(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.enter(1, "alice")
    monkeypatch.setattr(type(admin.site.chat), "put_out", lambda *_: None)

    assert (await admin.post(PATH, connection="1")).location == f"{PATH}?notice=member-gone"
