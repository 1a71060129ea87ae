"""The audit log: who did what, when; searched, and page by page."""

import re
from typing import get_args

import pytest

from multichat_server.storage import Action, Actor, AuditEntry
from multichat_server.storage.tables import audit as audit_table
from multichat_server.web.admin import audit
from multichat_server.web.admin.audit import Detail, described

from .conftest import Admin

LOG = "/admin/audit/"
HOSTILE = "<script>alert(1)</script>"
SOMEBODY = Actor(7, f"somebody {HOSTILE}", "192.0.2.7")


def entries(text: str) -> list[str]:
    """Return what each entry says, without its time."""
    found = re.findall(r'<div class="what">(.*?)</div>', text, re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", each)).strip() for each in found]


async def test_it_says_who_did_what(admin: Admin) -> None:
    store = admin.site.store
    by = Actor(2, "admin", "192.0.2.7")
    await store.add_room("Lobby", staff_only=True, by=by)
    await store.change_room(4, title="Hall", staff_only=False, by=by)
    await store.add_user("bob", "pw", by=by)
    await store.change_user("bob", password="other", by=by)
    await store.audit.record(
        "room.put_out", by=by, subject="Hall", subject_id=4, details={"username": "bob"}
    )
    await store.audit.record(
        "room.announce", by=by, subject="Hall", details={"msg_type": 2, "message": "Out!"}
    )
    await store.delete_user("bob", by=by)

    answer = await admin.get(LOG)

    assert entries(answer.html) == [
        "admin deleted the user bob",
        "admin sent an announcement to the room Hall type alert message Out!",
        "admin put somebody out of the room Hall user bob",
        "admin set the password of bob",
        "admin added the user bob",
        "admin changed the room Lobby title Lobby changed to → Hall staff only yes changed to → no",
        "admin added the room Lobby staff only yes",
    ]
    assert answer.html.count("<time ") == 7
    assert answer.html.count("192.0.2.7") == 7
    assert "/admin/chat/room/4/change/" in answer.page.links


async def test_everything_in_it_is_text(admin: Admin) -> None:
    await admin.site.store.audit.record(
        "room.change",
        by=SOMEBODY,
        subject=HOSTILE,
        details={"message": HOSTILE, HOSTILE: [HOSTILE, HOSTILE], "deep": {HOSTILE: [1, 2, 3]}},
    )

    for path in (LOG, "/admin/"):
        answer = await admin.get(path)
        assert "<script>alert" not in answer.html
        assert answer.text.count(HOSTILE) == 7


async def test_it_is_searched(admin: Admin) -> None:
    store = admin.site.store
    await store.add_room("Lobby", by=SOMEBODY)
    await store.delete_room(1, by=Actor(2, "admin"))

    assert entries((await admin.get(f"{LOG}?q=LOBBY")).html)[0].endswith("added the room Lobby")
    assert entries((await admin.get(f"{LOG}?q=room.delete")).html) == [
        "admin deleted the room room 1"
    ]
    answer = await admin.get(f"{LOG}?q=nothing")
    assert "Nothing like that was done." in answer.text
    assert LOG in answer.page.links
    response = await admin.browser.client.get(LOG, params={"q": f'">{HOSTILE}'})
    assert "<script>alert" not in response.text


async def test_an_empty_log_says_so(admin: Admin) -> None:
    assert "Nothing was done yet." in (await admin.get(LOG)).text
    assert "There is nothing further back." in (await admin.get(f"{LOG}?before=1")).text


async def test_it_is_read_page_by_page(admin: Admin) -> None:
    rows = [
        {
            "at": number,
            "actor": "admin",
            "address": "",
            "action": "room.add",
            "subject": f"room {number}",
            "details": "{}",
            "search_text": f"room {number}",
        }
        for number in range(1, 102)
    ]
    await admin.site.store.in_one_transaction(lambda c: c.execute(audit_table.insert(), rows))

    newest = await admin.get(f"{LOG}?q=room")
    assert len(entries(newest.html)) == 50
    assert entries(newest.html)[0].endswith("room 101")
    assert "Newest" not in newest.text
    older = await admin.get(next_of(newest.html))
    assert entries(older.html)[0].endswith("room 51")
    assert "Newest" in older.text
    # What is added meanwhile moves nothing.
    await admin.site.store.add_room("room new", by=SOMEBODY)
    oldest = await admin.get(next_of(older.html))
    assert entries(oldest.html) == ["admin added the room room 1"]
    assert "Older" not in oldest.text


def next_of(html: str) -> str:
    (path,) = re.findall(r'rel="next" href="([^"]*)"', html)
    return str(path).replace("&amp;", "&")


@pytest.mark.parametrize("before", ["0", "-1", "x", "9" * 19, "9" * 5000], ids=lambda x: x[:20])
async def test_a_place_that_is_none_is_the_newest(admin: Admin, before: str) -> None:
    await admin.site.store.add_room("Lobby", by=SOMEBODY)

    assert len(entries((await admin.get(f"{LOG}?before={before}")).html)) == 1


def entry(action: str, **details: object) -> AuditEntry:
    return AuditEntry(1, 0, None, "x", "", action, "subject", 5, details)


def test_every_action_has_its_words() -> None:
    assert set(audit._ACTIONS) == set(get_args(Action))


def test_an_action_of_a_later_version_is_shown_as_it_is() -> None:
    (found,) = described([entry("room.paint", colour="blue", coats=2, thick=None)], ())

    assert (found.words, found.link) == (None, None)
    assert found.details == (
        Detail("colour", "blue"),
        Detail("coats", "2"),
        Detail("thick", "null"),
    )


def test_two_of_something_are_no_change() -> None:
    (found,) = described([entry("import.django", users_here=["alice", "bob"])], ())

    assert found.details == (Detail("users here", '["alice", "bob"]'),)


def test_types_are_named_if_they_have_names() -> None:
    entries = [entry("room.announce", msg_type=number) for number in (1, 6, 9)]

    found = [each.details[0].new for each in described(entries, ["6:celebration"])]

    assert found == ["warning", "celebration", "9"]


def test_what_was_deleted_is_no_link() -> None:
    found = described([entry("room.delete"), entry("room.change"), entry("user.change")], ())

    assert [each.link for each in found] == [
        None,
        "/admin/chat/room/5/change/",
        "/admin/auth/user/5/change/",
    ]
