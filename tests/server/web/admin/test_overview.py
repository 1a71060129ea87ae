"""The first page of the admin."""

from multichat_server.storage import Actor

from .conftest import ROOMS, USERS, Admin


async def test_it_counts_what_there_is(admin: Admin) -> None:
    admin.enter(1, "alice", "bob")
    admin.enter(2, "alice")

    answer = await admin.get("/admin/")

    assert "3 rooms" in answer.text
    assert "2 users" in answer.text
    assert "3 in 2 rooms now" in answer.text
    assert {ROOMS, USERS, f"{ROOMS}add/", f"{USERS}add/", "/admin/audit/"} <= set(answer.page.links)


async def test_the_busiest_rooms_come_first(admin: Admin) -> None:
    store = admin.site.store
    for number in range(4, 12):
        await store.add_room(f"room {number}")
        admin.enter(number, *["alice"] * number)
    admin.enter(1, "alice")
    # Deleted, and its members on their way out.
    await store.delete_room(11)

    text = (await admin.get("/admin/")).text

    assert text.index("room 10 10 in it") < text.index("room 9 9 in it") < text.index("room 4 4")
    assert "room 11" not in text
    assert "room 1 1 in it" not in text


async def test_nothing_is_said_to_be_nothing(admin: Admin) -> None:
    text = (await admin.get("/admin/")).text

    assert "Nobody is in any room." in text
    assert "Nothing yet." in text


async def test_long_texts_are_cut(admin: Admin) -> None:
    await admin.site.store.audit.record(
        "room.announce", by=Actor(2, "admin"), subject="x", details={"message": "y" * 1000}
    )

    text = (await admin.get("/admin/")).text

    assert "y" * 119 + "…" in text
    assert "y" * 120 not in text
