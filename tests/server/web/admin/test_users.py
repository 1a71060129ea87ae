"""Users: listed, searched, added, changed and deleted; and the slips that are not possible."""

import pytest
import trio

from multichat_server.storage import LastStaff, NotFound, Store, User
from multichat_server.storage.tables import users as users_table

from .conftest import USERS, Admin

PLAIN = {"is_active": "on"}


async def test_users_are_listed_by_name_with_what_one_should_know(admin: Admin) -> None:
    await admin.site.store.add_user("bob", "pw", is_staff=True, is_active=False)

    answer = await admin.get(USERS)

    assert answer.rows == ["admin staff you", "alice", "bob staff inactive"]
    assert "3 users" in answer.text
    assert answer.html.count("<time ") == 1
    assert answer.text.count("never") == 2


async def test_users_are_searched_by_name(admin: Admin) -> None:
    answer = await admin.get(f"{USERS}?q=LIC")

    assert answer.rows == ["alice"]
    assert "1 user with “LIC”" in answer.text
    assert "No user has that in its name." in (await admin.get(f"{USERS}?q=zzz")).text


async def test_what_was_searched_for_is_text(admin: Admin) -> None:
    hostile = '"><script>alert(1)</script><b>'
    response = await admin.browser.client.get(USERS, params={"q": hostile})

    assert "<script>alert" not in response.text
    assert "<b>" not in response.text


async def test_a_long_search_is_shown_cut(admin: Admin) -> None:
    answer = await admin.get(f"{USERS}?q={'x' * 2000}")

    assert "“" + "x" * 59 + "…”" in answer.text


async def many(store: Store, number: int) -> None:
    rows = [
        {
            "id": n,
            "username": f"many{n:05}",
            "search_text": f"many{n:05}",
            "password": "!",
            "is_staff": False,
            "is_active": True,
        }
        for n in range(10, number + 10)
    ]
    await store.in_one_transaction(lambda c: c.execute(users_table.insert(), rows))


async def test_thousands_of_users_come_a_page_at_a_time(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def everyone(_: Store) -> list[User]:
        raise AssertionError("all users were read")

    monkeypatch.setattr(Store, "users", everyone)
    await many(admin.site.store, 5000)

    answer = await admin.get(USERS)

    assert len(answer.rows) == 50
    assert "5,002 users" in answer.text
    assert "Page 1 of 101" in answer.text
    assert f"{USERS}?q=&page=2" in answer.page.links
    assert (await admin.get(f"{USERS}?q=many&page=2")).rows[0] == "many00060"
    assert (await admin.get("/admin/")).status == 200


async def test_a_user_is_added_and_can_log_in(admin: Admin) -> None:
    answer = await admin.post(
        f"{USERS}add/", username=" bob ", password="tea at four", again="tea at four", **PLAIN
    )

    assert (answer.status, answer.location) == (303, f"{USERS}?notice=user-added")
    verified = await admin.site.store.check_password("bob", "tea at four")
    assert verified is not None
    assert verified.user == User(3, "bob", is_staff=False, is_active=True)
    (entry,) = await admin.log()
    assert (entry.action, entry.subject, entry.actor) == ("user.add", "bob", "admin")
    assert "tea at four" not in str(entry)
    assert admin.site.chat.refreshes == 1


async def test_staff_and_users_that_cannot_log_in_yet_are_added(admin: Admin) -> None:
    await admin.post(f"{USERS}add/", username="bob", password="tea at four", is_staff="on")

    assert (await admin.site.store.user(3)).user == User(3, "bob", is_staff=True, is_active=False)


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        (
            {"username": "alice", "password": "tea at four"},
            {"username": "There is a user alice already."},
        ),
        (
            {"username": "two words", "password": "tea at four"},
            {"username": "A user name has only letters, digits and @.+-_ in it, not 'two words'."},
        ),
        (
            {"username": "x" * 151, "password": "tea at four"},
            {"username": "A user name has at most 150 characters."},
        ),
        (
            {"username": "bob", "password": ""},
            {"password": "A password cannot be empty."},
        ),
        (
            {"username": "bob", "password": "x" * 4097},
            {"password": "A password has at most 4096 characters."},
        ),
        (
            {"username": "bob", "password": "short"},
            {"password": "It needs at least 8 characters."},
        ),
        (
            {"username": "a.long.name", "password": "a.long.name1"},
            {"password": "It is too much like your user name."},
        ),
        (
            {"username": "bob", "password": "tea at four", "again": "tea at five"},
            {"again": "The two passwords are not the same."},
        ),
        (
            {},
            {
                "username": "A user name cannot be empty.",
                "password": "A password cannot be empty.",
            },
        ),
    ],
    ids=[
        "taken",
        "words",
        "long",
        "no-password",
        "long-password",
        "short",
        "name",
        "different",
        "nothing",
    ],
)
async def test_what_cannot_be_is_refused_at_its_field(
    admin: Admin, fields: dict[str, str], errors: dict[str, str]
) -> None:
    answer = await admin.post(f"{USERS}add/", **fields, is_staff="on")

    assert answer.status == 422
    assert answer.page.errors == list(errors.values())
    for name in ("username", "password", "again"):
        assert ("aria-invalid" in answer.page.fields[name]) == (name in errors)
    assert answer.value("username") == fields.get("username", "")
    assert (answer.is_checked("is_staff"), answer.is_checked("is_active")) == (True, False)
    assert "value" not in answer.page.fields["password"]
    assert len(await admin.site.store.users()) == 2
    assert await admin.log() == []


async def test_a_user_is_changed(admin: Admin) -> None:
    form = await admin.get(f"{USERS}1/change/")
    assert form.value("username") == "alice"
    assert (form.is_checked("is_staff"), form.is_checked("is_active")) == (False, True)

    answer = await admin.post(f"{USERS}1/change/", username="alicia", is_staff="on")

    assert (answer.status, answer.location) == (303, f"{USERS}?notice=user-changed")
    user = (await admin.site.store.user(1)).user
    assert user == User(1, "alicia", is_staff=True, is_active=False)
    (entry,) = await admin.log()
    assert entry.details == {
        "username": ["alice", "alicia"],
        "is_staff": [False, True],
        "is_active": [True, False],
    }
    assert admin.site.chat.refreshes == 1


async def test_a_name_that_is_taken_is_refused(admin: Admin) -> None:
    answer = await admin.post(f"{USERS}1/change/", username="admin", **PLAIN)

    assert (answer.status, answer.page.errors) == (422, ["There is a user admin already."])
    assert answer.value("username") == "admin"
    assert answer.value("was_username") == "alice"
    assert "<bdi>alice</bdi>" in answer.html


async def test_what_is_not_changed_is_not_written_down(admin: Admin) -> None:
    answer = await admin.post(f"{USERS}1/change/", username="alice", **PLAIN)

    assert answer.location == f"{USERS}?notice=user-unchanged"
    assert await admin.log() == []


async def test_two_who_change_different_things_both_get_their_way(admin: Admin) -> None:
    shown = {"was_username": "alice", "was_is_staff": "", "was_is_active": "on"}

    await admin.post(f"{USERS}1/change/", username="alice", **shown)
    await admin.post(f"{USERS}1/change/", username="alicia", **PLAIN, **shown)

    user = (await admin.site.store.user(1)).user
    assert user == User(1, "alicia", is_staff=False, is_active=False)


async def test_who_renames_what_another_has_just_renamed_is_told(admin: Admin) -> None:
    shown = {"was_username": "alice", "was_is_staff": "", "was_is_active": "on"}
    await admin.post(f"{USERS}1/change/", username="alicia", **PLAIN, **shown)

    answer = await admin.post(f"{USERS}1/change/", username="ally", **PLAIN, **shown)

    assert answer.status == 409
    assert answer.page.errors == [
        "Somebody has changed this to “alicia” meanwhile. Saving replaces that."
    ]
    assert (answer.value("username"), answer.value("was_username")) == ("ally", "alicia")


async def test_ones_own_name_can_be_changed(admin: Admin) -> None:
    form = await admin.get(f"{USERS}2/change/")
    fields = {name: form.value(name) for name in ("is_staff", "is_active")}

    await admin.post(f"{USERS}2/change/", username="root", **fields)

    assert (await admin.site.store.user(2)).user == User(2, "root", is_staff=True, is_active=True)
    assert (await admin.get(USERS)).status == 200


@pytest.mark.parametrize("kept", ["is_staff", "is_active"])
async def test_nobody_takes_a_right_from_himself(admin: Admin, kept: str) -> None:
    await admin.site.store.add_user("carol", "pw", is_staff=True)

    answer = await admin.post(f"{USERS}2/change/", username="root", **{kept: "on"})

    assert answer.status == 422
    assert answer.page.errors == ["This is your own account. Another member of staff can do that."]
    assert (await admin.site.store.user(2)).user.username == "admin"
    assert await admin.log() == []


async def test_nobody_deletes_himself(admin: Admin) -> None:
    await admin.site.store.add_user("carol", "pw", is_staff=True)

    assert "Your own account stays" in (await admin.get(f"{USERS}2/delete/")).text
    answer = await admin.post(f"{USERS}2/delete/")

    assert answer.status == 422
    assert answer.page.errors == ["This is your own account. Another member of staff can do that."]
    assert len(await admin.site.store.users()) == 3


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("change/", {"username": "carol", "is_active": "on"}),
        ("change/", {"username": "carol", "is_staff": "on"}),
        ("delete/", {}),
    ],
    ids=["staff", "active", "delete"],
)
async def test_the_last_of_staff_stays(
    admin: Admin, monkeypatch: pytest.MonkeyPatch, path: str, fields: dict[str, str]
) -> None:
    """Carol removes admin at the moment in which admin removes her: admin has no rights then."""
    store = admin.site.store
    carol = await store.add_user("carol", "pw", is_staff=True)
    read = Store.user

    async def and_then(self: Store, user_id: int) -> object:
        found = await read(self, user_id)
        if user_id == carol.id and len(await self.users()) == 3:
            await self.delete_user("admin")
        return found

    monkeypatch.setattr(Store, "user", and_then)

    answer = await admin.post(f"{USERS}{carol.id}/{path}", **fields)

    assert (answer.status, answer.location) == (
        302,
        f"/accounts/login/?next={USERS}{carol.id}/{path}",
    )
    assert (await store.user(carol.id)).user == carol


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("change/", {"username": "carol", "is_active": "on"}),
        ("change/", {"username": "carol", "is_staff": "on"}),
        ("delete/", {}),
    ],
    ids=["staff", "active", "delete"],
)
async def test_what_the_store_says_of_the_last_of_staff_is_said(
    admin: Admin, monkeypatch: pytest.MonkeyPatch, path: str, fields: dict[str, str]
) -> None:
    """Two who remove each other can meet in the store alone."""
    carol = await admin.site.store.add_user("carol", "pw", is_staff=True)

    async def refuse(*_: object, **__: object) -> None:
        raise LastStaff("carol is the only active member of staff")

    for method in ("change_user", "delete_user"):
        monkeypatch.setattr(admin.site.store, method, refuse)

    answer = await admin.post(f"{USERS}{carol.id}/{path}", **fields)

    assert answer.status == 422
    assert answer.page.errors == ["Carol is the only active member of staff."]


async def test_other_staff_can_be_removed(admin: Admin) -> None:
    carol = await admin.site.store.add_user("carol", "pw", is_staff=True)

    answer = await admin.post(f"{USERS}{carol.id}/change/", username="carol", is_active="on")

    assert answer.status == 303
    assert not (await admin.site.store.user(carol.id)).user.is_staff


async def test_of_two_who_add_the_same_name_one_is_told(admin: Admin) -> None:
    statuses: list[int] = []

    async def add() -> None:
        answer = await admin.post(
            f"{USERS}add/", username="bob", password="tea at four", is_active="on"
        )
        statuses.append(answer.status)

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(add)

    assert sorted(statuses) == [303, 422, 422]
    assert [user.username for user in await admin.site.store.users()] == ["admin", "alice", "bob"]
    assert len(await admin.log()) == 1


async def test_of_two_who_delete_the_same_user_one_is_told(admin: Admin) -> None:
    statuses: list[int] = []

    async def delete() -> None:
        statuses.append((await admin.post(f"{USERS}1/delete/")).status)

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(delete)

    assert sorted(statuses) == [303, 404, 404]
    assert len(await admin.log()) == 1


async def test_deleting_asks_first(admin: Admin) -> None:
    await admin.site.store.start_session(1, lifetime=100)
    await admin.site.store.tokens.add(1, "bot", lifetime=None, most=1)

    answer = await admin.get(f"{USERS}1/delete/")

    assert "1 session ends and 1 token is revoked, at once." in answer.text
    assert len(await admin.site.store.users()) == 2


async def test_a_user_is_deleted(admin: Admin) -> None:
    answer = await admin.post(f"{USERS}1/delete/")

    assert (answer.status, answer.location) == (303, f"{USERS}?notice=user-deleted")
    with pytest.raises(NotFound):
        await admin.site.store.user(1)
    (entry,) = await admin.log()
    assert (entry.action, entry.subject, entry.subject_id) == ("user.delete", "alice", 1)
    assert admin.site.chat.refreshes == 1
    assert (await admin.post(f"{USERS}1/delete/")).status == 404
