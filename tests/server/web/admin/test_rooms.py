"""Rooms: listed, searched, added, changed and deleted."""

import re

import pytest

from multichat_server.storage import NotFound, RoomRecord, Store
from multichat_server.storage.tables import rooms as rooms_table

from .conftest import ROOMS, Admin

HOSTILE = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>{{ 7*7 }}&amp;"


async def test_rooms_are_listed_by_title_with_who_is_in_them(admin: Admin) -> None:
    admin.enter(1, "alice", "bob")

    answer = await admin.get(ROOMS)

    assert answer.rows == ["<b>Тест</b> 😀", "room 1", "staff room staff only"]
    assert "3 rooms" in answer.text
    assert "2 members of room 1" in answer.text
    assert "0 members of staff room" in answer.text
    assert "b" not in answer.page.tags


async def test_rooms_are_searched_by_title_and_id(admin: Admin) -> None:
    assert (await admin.get(f"{ROOMS}?q=ТЕСТ")).rows == ["<b>Тест</b> 😀"]
    answer = await admin.get(f"{ROOMS}?q=3")
    assert answer.rows == ["staff room staff only"]
    assert answer.value("q") == "3"
    assert "1 room with “3”" in answer.text


async def test_a_search_without_result_says_so(admin: Admin) -> None:
    answer = await admin.get(f"{ROOMS}?q=nothing")

    assert "No room has that in its title." in answer.text
    assert ROOMS in answer.page.links


@pytest.mark.parametrize(
    "query", ["%", "_", "%00", "%ED%A0%80", "x" * 5000, "'; DROP TABLE rooms; --"], ids=ascii
)
async def test_no_search_does_harm(admin: Admin, query: str) -> None:
    answer = await admin.get(f"{ROOMS}?q={query}")

    assert (answer.status, answer.rows) == (200, [])


async def test_what_was_searched_for_is_text(admin: Admin) -> None:
    response = await admin.browser.client.get(ROOMS, params={"q": HOSTILE})

    assert "<script>alert" not in response.text
    assert "<img" not in response.text
    assert ">49" not in response.text


async def test_without_rooms_the_page_says_so(admin: Admin) -> None:
    for room_id in (1, 2, 3):
        await admin.site.store.delete_room(room_id)

    answer = await admin.get(ROOMS)

    assert "There are no rooms yet." in answer.text
    assert f"{ROOMS}add/" in answer.page.links


async def many(store: Store, number: int) -> None:
    rows = [
        {"id": n, "title": f"many {n:05}", "search_text": f"many {n:05}", "staff_only": False}
        for n in range(10, number + 10)
    ]
    await store.in_one_transaction(lambda c: c.execute(rooms_table.insert(), rows))


async def test_thousands_of_rooms_come_a_page_at_a_time(admin: Admin) -> None:
    await many(admin.site.store, 5000)

    first = await admin.get(f"{ROOMS}?q=many")
    assert len(first.rows) == 50
    assert first.rows[0] == "many 00010"
    assert "5,000 rooms" in first.text
    assert "Page 1 of 100" in first.text
    (older,) = re.findall(r'rel="next" href="([^"]*)"', first.html)
    second = await admin.get(older.replace("&amp;", "&"))
    assert second.rows[0] == "many 00060"
    assert (await admin.get(f"{ROOMS}?q=many&page=100")).rows[-1] == "many 05009"
    assert (await admin.get(f"{ROOMS}?page={'9' * 18}")).rows[-1].startswith("staff room")


async def test_a_list_asks_the_database_for_one_page_alone(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has rooms to list never reads all of them."""

    async def everything(_: Store) -> list[RoomRecord]:
        raise AssertionError("all rooms were read")

    monkeypatch.setattr(Store, "rooms", everything)

    assert (await admin.get(ROOMS)).status == 200
    assert (await admin.get("/admin/")).status == 200


async def test_a_room_is_added(admin: Admin) -> None:
    answer = await admin.post(f"{ROOMS}add/", title="  Tea kitchen ", staff_only="on")

    assert (answer.status, answer.location) == (303, f"{ROOMS}?notice=room-added")
    assert await admin.site.store.room(4) == RoomRecord(4, "Tea kitchen", staff_only=True)
    (entry,) = await admin.log()
    assert (entry.action, entry.subject, entry.actor) == ("room.add", "Tea kitchen", "admin")
    assert admin.site.chat.refreshes == 1
    assert "The room was added." in (await admin.get(answer.location)).text


@pytest.mark.parametrize(
    ("title", "error"),
    [
        (" ", "A room's title cannot be blank."),
        ("x" * 256, "A room's title has at most 255 characters."),
        ("a\x07b", "A room's title has no control characters in it, unlike 'a\\x07b'."),
        ("a\u2028b", "A room's title has no control characters in it, unlike 'a\\u2028b'."),
    ],
    ids=["blank", "long", "control", "line"],
)
@pytest.mark.parametrize("path", ["add/", "1/change/"])
async def test_a_title_that_cannot_be_is_refused_at_its_field(
    admin: Admin, path: str, title: str, error: str
) -> None:
    answer = await admin.post(ROOMS + path, title=title, staff_only="on")

    assert answer.status == 422
    assert answer.page.errors == [error]
    field = answer.page.fields["title"]
    assert field["aria-invalid"] == "true"
    assert "error_title" in field["aria-describedby"].split()
    assert answer.is_checked("staff_only")
    assert len(await admin.site.store.rooms()) == 3
    assert await admin.log() == []
    assert admin.site.chat.refreshes == 0


async def test_a_title_that_is_missing_is_blank(admin: Admin) -> None:
    assert (await admin.post(f"{ROOMS}add/")).page.errors == ["A room's title cannot be blank."]


async def test_a_title_is_text_wherever_it_stands(admin: Admin) -> None:
    await admin.post(f"{ROOMS}add/", title=HOSTILE)
    await admin.post(f"{ROOMS}4/announce/", msg_type="1", message=HOSTILE)
    await admin.post(f"{ROOMS}4/change/", title=HOSTILE + "!", was_title="another")
    admin.enter(4, HOSTILE)

    room = f"{ROOMS}4/"
    of_the_room = [room + part for part in ("change/", "delete/", "members/", "announce/")]
    for path in [ROOMS, "/admin/", "/admin/audit/", *of_the_room]:
        answer = await admin.get(path)
        assert answer.status == 200
        assert HOSTILE in answer.text, path
        assert "<script>alert" not in answer.html, path
        assert "<img" not in answer.html, path
    assert (await admin.get(f"{room}change/")).value("title") == HOSTILE


async def test_a_room_is_changed(admin: Admin) -> None:
    form = await admin.get(f"{ROOMS}1/change/")
    assert (form.value("title"), form.is_checked("staff_only")) == ("room 1", False)

    answer = await admin.post(
        f"{ROOMS}1/change/",
        title="Lobby",
        staff_only="on",
        was_title=form.value("was_title"),
        was_staff_only=form.value("was_staff_only"),
    )

    assert (answer.status, answer.location) == (303, f"{ROOMS}?notice=room-changed")
    assert await admin.site.store.room(1) == RoomRecord(1, "Lobby", staff_only=True)
    (entry,) = await admin.log()
    assert entry.details == {"title": ["room 1", "Lobby"], "staff_only": [False, True]}
    assert admin.site.chat.refreshes == 1


async def test_a_program_says_all_that_it_means(admin: Admin) -> None:
    """The original's fields alone: a box that is not there is not checked."""
    await admin.post(f"{ROOMS}3/change/", title="open room")

    assert await admin.site.store.room(3) == RoomRecord(3, "open room", staff_only=False)


async def test_what_is_not_changed_is_not_written_down(admin: Admin) -> None:
    answer = await admin.post(f"{ROOMS}1/change/", title="room 1")

    assert answer.location == f"{ROOMS}?notice=room-unchanged"
    assert await admin.log() == []


async def test_two_who_change_different_things_both_get_their_way(admin: Admin) -> None:
    """Both had the form open before either sent it."""
    shown = {"was_title": "room 1", "was_staff_only": ""}

    await admin.post(f"{ROOMS}1/change/", title="room 1", staff_only="on", **shown)
    await admin.post(f"{ROOMS}1/change/", title="Lobby", **shown)

    assert await admin.site.store.room(1) == RoomRecord(1, "Lobby", staff_only=True)


async def test_what_one_left_as_it_was_is_left_as_another_has_made_it(admin: Admin) -> None:
    shown = {"was_title": "room 1", "was_staff_only": ""}

    await admin.post(f"{ROOMS}1/change/", title=" Lobby ", **shown)
    answer = await admin.post(f"{ROOMS}1/change/", title="room 1", staff_only="on", **shown)

    assert answer.status == 303
    assert await admin.site.store.room(1) == RoomRecord(1, "Lobby", staff_only=True)


async def test_who_changes_what_another_has_just_changed_is_told(admin: Admin) -> None:
    shown = {"was_title": "room 1", "was_staff_only": ""}
    await admin.post(f"{ROOMS}1/change/", title="Lobby", **shown)

    answer = await admin.post(f"{ROOMS}1/change/", title="Hall", staff_only="on", **shown)

    assert answer.status == 409
    assert answer.page.errors == [
        "Somebody has changed this to “Lobby” meanwhile. Saving replaces that."
    ]
    assert (await admin.site.store.room(1)).title == "Lobby"
    assert (answer.value("title"), answer.value("was_title")) == ("Hall", "Lobby")
    assert answer.is_checked("staff_only")
    again = {"was_title": "Lobby", "was_staff_only": ""}
    await admin.post(f"{ROOMS}1/change/", title="Hall", staff_only="on", **again)
    assert await admin.site.store.room(1) == RoomRecord(1, "Hall", staff_only=True)


async def test_two_of_one_mind_are_no_conflict(admin: Admin) -> None:
    shown = {"was_title": "room 1", "was_staff_only": ""}
    await admin.post(f"{ROOMS}1/change/", title="Lobby", **shown)

    answer = await admin.post(f"{ROOMS}1/change/", title="Lobby", **shown)

    assert answer.location == f"{ROOMS}?notice=room-unchanged"


async def test_deleting_asks_first(admin: Admin) -> None:
    admin.enter(1, "alice", "bob")

    answer = await admin.get(f"{ROOMS}1/delete/")

    assert "Delete this room?" in answer.text
    assert "2 members are in it now and will be put out." in answer.text
    assert (await admin.site.store.room(1)).title == "room 1"
    assert "Nobody is in it now." in (await admin.get(f"{ROOMS}2/delete/")).text


async def test_a_room_is_deleted(admin: Admin) -> None:
    answer = await admin.post(f"{ROOMS}1/delete/")

    assert (answer.status, answer.location) == (303, f"{ROOMS}?notice=room-deleted")
    with pytest.raises(NotFound):
        await admin.site.store.room(1)
    (entry,) = await admin.log()
    assert (entry.action, entry.subject, entry.subject_id) == ("room.delete", "room 1", 1)
    assert admin.site.chat.refreshes == 1
    # Somebody else was a moment slower.
    assert (await admin.post(f"{ROOMS}1/delete/")).status == 404
    assert len(await admin.log()) == 1


async def test_the_highest_id_is_a_room_like_others(admin: Admin) -> None:
    highest = 2**63 - 1
    await admin.site.store.add_room("last", room_id=highest)

    assert (await admin.get(f"{ROOMS}{highest}/change/")).value("title") == "last"
    assert f">{highest}<" in (await admin.get(ROOMS)).html
