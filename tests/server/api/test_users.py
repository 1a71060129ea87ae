"""Accounts: found, added, changed, deleted; and who must stay."""

import pytest

from multichat_server.password_rules import weakness
from multichat_server.storage import LastStaff, RightsChanged, User

from .conftest import Program, World

ALICE = {
    "id": "1",
    "username": "alice",
    "is_staff": False,
    "is_active": True,
    "last_login_at": None,
}


async def test_accounts_are_listed_by_name(admin: Program) -> None:
    found = await admin.get("/users")

    assert [user["username"] for user in found["users"]] == ["admin", "alice"]
    assert found["users"][1] == ALICE
    assert (found["total"], found["page"], found["pages"]) == (2, 1, 1)


async def test_accounts_are_searched_by_part_of_the_name(admin: Program) -> None:
    found = await admin.get("/users", q="LIC")

    assert [user["username"] for user in found["users"]] == ["alice"]
    assert (await admin.get("/users", q="nobody"))["users"] == []


async def test_accounts_come_in_pages(world: World, admin: Program) -> None:
    for number in range(59):
        await world.store.add_user(f"user{number:02}", "pw")

    first = await admin.get("/users", q="user")
    second = await admin.get("/users", q="user", page="2")
    beyond = await admin.get("/users", q="user", page="99999")

    assert (first["total"], first["page"], first["pages"]) == (59, 1, 2)
    assert (len(first["users"]), len(second["users"])) == (50, 9)
    assert second["users"][-1]["username"] == "user58"
    assert beyond == second


@pytest.mark.parametrize("page", ["0", "-1", "x", "1.5", "", "9" * 400, "null", "true", "١x"])
async def test_a_page_is_a_number(admin: Program, page: str) -> None:
    refused = await admin.refused("GET", "/users", params={"page": page})

    assert refused == (422, "QUERY_INVALID")


async def test_a_time_is_in_utc(world: World, admin: Program) -> None:
    await world.store.start_session(1, lifetime=1)

    assert (await admin.get("/users/1"))["last_login_at"] == "2025-11-22T10:00:00Z"


async def test_one_account(admin: Program) -> None:
    assert await admin.get("/users/1") == ALICE


@pytest.mark.parametrize("user", ["99", "0", "01", "alice", "9" * 5000], ids=lambda user: user[:9])
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_what_names_no_account_is_not_there(admin: Program, method: str, user: str) -> None:
    json = {"is_staff": True} if method == "PATCH" else None

    assert await admin.refused(method, f"/users/{user}", json=json) == (404, "NOT_FOUND")


async def test_staff_add_an_account(world: World, admin: Program) -> None:
    new = {"username": "bob", "password": "builder 7", "is_staff": True, "is_active": False}

    response = await admin.ask("POST", "/users", json=new)

    assert response.status_code == 201
    assert response.headers["location"] == "/api/v1/users/3"
    assert response.json() == await admin.get("/users/3")
    assert (await world.account("bob")).user == User(3, "bob", is_staff=True, is_active=False)
    assert world.chat.refreshes == 1
    (entry,) = await world.log()
    assert (entry.actor, entry.action, entry.subject, entry.subject_id) == (
        "admin",
        "user.add",
        "bob",
        3,
    )


async def test_who_was_added_can_log_in_and_is_plain(world: World, admin: Program) -> None:
    await admin.ask("POST", "/users", json={"username": "bob", "password": "builder 7"})

    verified = await world.store.check_password("bob", "builder 7")
    assert verified is not None
    assert verified.user == User(3, "bob", is_staff=False, is_active=True)


async def test_a_password_never_comes_out(world: World, admin: Program) -> None:
    new = {"username": "bob", "password": "builder-7"}
    answers = [
        await admin.ask("POST", "/users", json=new),
        await admin.ask("PATCH", "/users/3", json={"password": "builder-77"}),
        await admin.ask("GET", "/users/3"),
        await admin.ask("GET", "/users"),
        await admin.ask("POST", "/users", json=new | {"username": "a b"}),
    ]

    assert not [answer.text for answer in answers if "builder" in answer.text]
    assert "builder" not in str(await world.log())


@pytest.mark.parametrize(
    "new",
    [
        {"username": "a b", "password": "x"},
        {"username": "", "password": "x"},
        {"username": "x" * 151, "password": "x"},
        {"username": "bob", "password": ""},
        {"username": "bob", "password": "x" * 5000},
        {"username": "bob"},
        {"password": "x"},
    ],
    ids=["space", "empty", "long", "no-password", "long-password", "only-name", "only-password"],
)
async def test_an_account_is_what_the_store_takes(
    world: World, admin: Program, new: dict[str, str]
) -> None:
    assert await admin.refused("POST", "/users", json=new) == (422, "BODY_INVALID")
    assert len(await world.store.users()) == 2


@pytest.mark.parametrize(
    ("method", "path", "json"),
    [
        ("POST", "/users", {"username": "alice", "password": "tea at four"}),
        ("PATCH", "/users/2", {"username": "alice"}),
    ],
    ids=["add", "rename"],
)
async def test_a_name_is_taken_once(
    admin: Program, method: str, path: str, json: dict[str, str]
) -> None:
    response = await admin.ask(method, path, json=json)

    assert response.status_code == 409
    assert response.json() == {"error": "NAME_TAKEN", "detail": "There is a user alice already."}


@pytest.mark.parametrize(
    ("change", "details"),
    [
        ({"username": "alicia"}, {"username": ["alice", "alicia"]}),
        ({"is_staff": True}, {"is_staff": [False, True]}),
        ({"is_active": False}, {"is_active": [True, False]}),
    ],
    ids=["name", "staff", "active"],
)
async def test_staff_change_an_account(
    world: World, admin: Program, change: dict[str, object], details: object
) -> None:
    response = await admin.ask("PATCH", "/users/1", json=change)

    assert response.status_code == 200
    assert response.json() == ALICE | change == await admin.get("/users/1")
    assert world.chat.refreshes == 1
    (entry,) = await world.log()
    assert (entry.action, entry.subject, entry.details) == ("user.change", "alice", details)


async def test_a_new_password_ends_sessions_but_not_tokens(world: World, admin: Program) -> None:
    page, bot = await world.page("alice"), await world.bot("alice")

    response = await admin.ask("PATCH", "/users/1", json={"password": "looking-glass"})

    assert response.json()["username"] == "alice"
    assert await world.store.check_password("alice", "looking-glass") is not None
    assert await page.refused("GET", "/me") == (401, "USER_HAS_TO_LOGIN")
    assert (await bot.get("/me"))["username"] == "alice"


async def test_an_account_can_be_activated_again(world: World, admin: Program) -> None:
    await world.store.change_user("alice", is_active=False)

    await admin.ask("PATCH", "/users/1", json={"is_active": True})

    assert (await world.account("alice")).user.is_active


async def test_a_change_of_nothing_changes_nothing(world: World, admin: Program) -> None:
    response = await admin.ask("PATCH", "/users/1", json={})

    assert response.json() == ALICE
    assert await world.log() == []


async def test_staff_delete_an_account(world: World, admin: Program) -> None:
    bot = await world.bot("alice")

    response = await admin.ask("DELETE", "/users/1")

    assert response.status_code == 204
    assert [user.username for user in await world.store.users()] == ["admin"]
    assert await bot.refused("GET", "/me") == (401, "USER_HAS_TO_LOGIN")
    assert world.chat.refreshes == 1
    (entry,) = await world.log()
    assert (entry.action, entry.subject, entry.subject_id) == ("user.delete", "alice", 1)


@pytest.mark.parametrize(
    ("method", "json"),
    [("DELETE", None), ("PATCH", {"is_active": False}), ("PATCH", {"is_staff": False})],
    ids=["delete", "deactivate", "demote"],
)
async def test_nobody_shuts_himself_out(
    world: World, admin: Program, method: str, json: object
) -> None:
    await world.store.add_user("second", "pw", is_staff=True)

    assert await admin.refused(method, "/users/2", json=json) == (409, "OWN_ACCOUNT")
    assert (await world.account("admin")).user == User(2, "admin", is_staff=True, is_active=True)


@pytest.mark.parametrize(
    ("method", "json"),
    [("DELETE", None), ("PATCH", {"is_active": False}), ("PATCH", {"is_staff": False})],
    ids=["delete", "deactivate", "demote"],
)
async def test_the_last_active_staff_account_stays(
    world: World, admin: Program, monkeypatch: pytest.MonkeyPatch, method: str, json: object
) -> None:
    """Two who do it to each other can meet in the store alone."""
    last = await world.store.add_user("last", "pw", is_staff=True)

    async def refuse(*_: object, **__: object) -> None:
        raise LastStaff("last is the only active member of staff")

    for name in ("change_user", "delete_user"):
        monkeypatch.setattr(world.store, name, refuse)

    assert await admin.refused(method, f"/users/{last.id}", json=json) == (409, "LAST_STAFF")


@pytest.mark.parametrize(
    ("method", "path", "json"),
    [
        ("POST", "/users", {"username": "eve", "password": "tea at four", "is_staff": True}),
        ("PATCH", "/users/1", {"password": "tea at four"}),
        ("DELETE", "/users/1", None),
        ("POST", "/rooms", {"title": "x"}),
        ("PATCH", "/rooms/1", {"title": "x"}),
        ("DELETE", "/rooms/1", None),
    ],
    ids=["add", "password", "delete", "add-room", "change-room", "delete-room"],
)
@pytest.mark.parametrize(
    ("loss", "refusal"),
    [
        ({"is_staff": False}, (403, "STAFF_ONLY")),
        ({"is_active": False}, (401, "USER_HAS_TO_LOGIN")),
    ],
    ids=["demoted", "deactivated"],
)
async def test_who_loses_his_rights_on_the_way_changes_nothing(
    world: World,
    admin: Program,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    json: object,
    loss: dict[str, bool],
    refusal: tuple[int, str],
) -> None:
    """Such as while a password is being hashed."""
    user_of = world.store.tokens.user

    async def and_then(secret: str) -> User | None:
        user = await user_of(secret)
        await world.store.change_user("admin", **loss)  # type: ignore[arg-type]  # flags
        return user

    monkeypatch.setattr(world.store.tokens, "user", and_then)

    assert await admin.refused(method, path, json=json) == refusal
    assert [user.username for user in await world.store.users()] == ["admin", "alice"]
    assert await world.store.check_password("alice", "wonderland") is not None
    assert (await world.store.room(1)).title == "Lobby"
    assert await world.log() == []


async def test_rights_that_come_and_go_are_waited_for_no_longer(
    world: World, admin: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise RightsChanged("the session or token has ended")

    monkeypatch.setattr(world.store, "add_room", refuse)

    assert await admin.refused("POST", "/rooms", json={"title": "x"}) == (
        503,
        "SERVER_UNAVAILABLE",
    )


@pytest.mark.parametrize(
    "password",
    ["1", "alice2026", "password1", "123456789"],
    ids=["short", "name", "known", "digits"],
)
@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("POST", "/users", {"username": "alice2"}),
        ("PATCH", "/users/1", {}),
        ("PATCH", "/users/1", {"username": "alice2"}),
    ],
    ids=["add", "change", "rename"],
)
async def test_a_password_keeps_the_rules_of_the_pages(
    world: World, admin: Program, method: str, path: str, more: dict[str, str], password: str
) -> None:
    response = await admin.ask(method, path, json={"password": password, **more})

    why = weakness(password, username=more.get("username", "alice"))
    assert response.status_code == 422
    assert response.json() == {
        "error": "BODY_INVALID",
        "detail": f"The password will not do. {why}",
    }
    assert await world.store.check_password("alice", "wonderland") is not None
    assert len(await world.store.users()) == 2


@pytest.mark.parametrize("by", ["bot", "page"])
async def test_ones_own_password_is_not_changed_without_the_old_one(world: World, by: str) -> None:
    """It must not suffice to find somebody's desk, or a token in a log."""
    program = await (world.bot("admin") if by == "bot" else world.page("admin"))

    response = await program.ask("PATCH", "/users/2", json={"password": "looking-glass"})

    assert (response.status_code, response.json()) == (
        409,
        {
            "error": "OWN_ACCOUNT",
            "detail": "This is your own account. Its password is changed where the old one is "
            "asked for: at /accounts/password_change/.",
        },
    )
    assert await world.store.check_password("admin", "secret") is not None


async def test_other_changes_of_ones_own_account_are_free(admin: Program) -> None:
    change = {"username": "root", "is_staff": True, "is_active": True}

    response = await admin.ask("PATCH", "/users/2", json=change)

    assert response.json()["username"] == "root"


async def test_staff_take_the_rights_of_other_staff(world: World, admin: Program) -> None:
    await world.store.add_user("second", "pw", is_staff=True)

    demoted = await admin.ask("PATCH", "/users/3", json={"is_staff": False, "is_active": False})
    deleted = await admin.ask("DELETE", "/users/3")

    assert (demoted.status_code, deleted.status_code) == (200, 204)
