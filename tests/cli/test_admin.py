"""``multichat admin``: every command, on a database of its own."""

from pathlib import Path

import pytest

from multichat_cli.exit_codes import ExitCode
from multichat_server.storage import Store
from tests.cli.commands import Done, multichat
from tests.cli.conftest import Inside

PASSWORD = {"MULTICHAT_PASSWORD": "correct horse battery"}


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name a database in the environment, as a person would who uses it often."""
    url = f"sqlite:///{tmp_path / 'chat.sqlite3'}"
    monkeypatch.setenv("MULTICHAT_DATABASE_URL", url)
    return url


async def ok(inside: Inside, *arguments: str) -> Done:
    done = await inside("admin", *arguments, "--json", env=PASSWORD)
    assert done.code == 0, done.err
    return done


async def test_the_life_of_a_user(inside: Inside, url: str) -> None:
    user = {"event": "user", "id": 1, "username": "alice", "is_staff": False, "is_active": True}

    assert (await ok(inside, "user", "add", "alice")).events == [user]
    staff = await ok(inside, "user", "add", "bob", "--staff")
    assert staff.events == [{**user, "id": 2, "username": "bob", "is_staff": True}]
    assert (await ok(inside, "user", "list")).events == [user, *staff.events]
    changes = ("user", "change", "alice", "--staff", "--no-active", "--rename", "ann")
    changed = {**user, "username": "ann", "is_staff": True, "is_active": False}
    assert (await ok(inside, *changes)).events == [changed]
    assert (await ok(inside, "user", "change", "ann", "--active")).events[0]["is_staff"]
    deleted = await ok(inside, "user", "delete", "bob")
    assert deleted.events == [{"event": "user_deleted", "username": "bob"}]
    assert [e["username"] for e in (await ok(inside, "user", "list")).events] == ["ann"]
    async with Store.open(url) as store:
        assert await store.check_password("ann", PASSWORD["MULTICHAT_PASSWORD"])


async def test_the_life_of_a_room(inside: Inside, url: str) -> None:  # noqa: ARG001
    room = {"event": "room", "id": 1, "title": "Lobby", "staff_only": False}

    assert (await ok(inside, "room", "add", "Lobby")).events == [room]
    other = {**room, "id": 7, "title": "Attic", "staff_only": True}
    added = await ok(inside, "room", "add", "Attic", "--staff-only", "--number", "7")
    assert added.events == [other]
    assert (await ok(inside, "room", "list")).events == [other, room]
    changed = await ok(inside, "room", "change", "7", "--no-staff-only", "--title", "Loft")
    assert changed.events == [{**other, "title": "Loft", "staff_only": False}]
    assert (await ok(inside, "room", "delete", "1")).events == [{"event": "room_deleted", "id": 1}]
    assert [e["id"] for e in (await ok(inside, "room", "list")).events] == [7]


async def test_what_people_see(inside: Inside, url: str) -> None:  # noqa: ARG001
    await inside("admin", "user", "add", "dave", "--staff", env=PASSWORD)
    await inside("admin", "user", "change", "dave", "--no-active")
    await inside("admin", "room", "add", "\u202eattic", "--staff-only")

    assert (await inside("admin", "user", "list")).out == "dave\t(staff, inactive)\n"
    assert (await inside("admin", "room", "list")).out == "1\t\\u202eattic\t(staff only)\n"


async def test_a_new_password(inside: Inside, url: str) -> None:
    await ok(inside, "user", "add", "alice")

    done = await inside(
        "admin", "user", "change", "alice", "--password", env={"MULTICHAT_PASSWORD": "other words"}
    )

    assert done.code == 0
    async with Store.open(url) as store:
        assert await store.check_password("alice", "other words")
        assert not await store.check_password("alice", PASSWORD["MULTICHAT_PASSWORD"])


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["user", "add", "alice"], ExitCode.ERROR, "alice"),
        (["user", "add", "two words"], ExitCode.ERROR, "only letters, digits and"),
        (["user", "change", "nobody", "--staff"], ExitCode.ERROR, "nobody"),
        (["user", "change", "alice"], ExitCode.USAGE, "nothing to change"),
        (["user", "delete", "nobody"], ExitCode.ERROR, "nobody"),
        (["room", "add", ""], ExitCode.ERROR, "title"),
        (["room", "add", "again", "--number", "1"], ExitCode.ERROR, "1"),
        (["room", "change", "9", "--title", "x"], ExitCode.ERROR, "9"),
        (["room", "change", "1"], ExitCode.USAGE, "nothing to change"),
        (["room", "delete", "9"], ExitCode.ERROR, "9"),
        (["user", "list", "--database-url", "mysql://h/x"], ExitCode.USAGE, "--database-url"),
        (["user", "list", "--config", "/no/such/file"], ExitCode.USAGE, "file /no/such/file"),
    ],
)
async def test_what_cannot_be_done(
    inside: Inside,
    url: str,
    arguments: list[str],
    code: ExitCode,
    sentence: str,
) -> None:
    async with Store.open(url) as store:
        await store.add_user("alice", "wonderland")
        await store.add_room("Lobby")

    done = await inside("admin", *arguments, env=PASSWORD)

    assert done.code == code, done.err
    assert done.err.startswith("multichat: ")
    assert done.err.count("\n") == 1
    assert sentence in done.err
    assert done.out == ""


@pytest.mark.parametrize("arguments", [["user", "list"], ["room", "delete", "1"]])
async def test_a_database_is_not_made_by_looking_for_it(
    inside: Inside, tmp_path: Path, arguments: list[str]
) -> None:
    file = tmp_path / "typo.sqlite3"
    done = await inside("admin", *arguments, "--database-url", f"sqlite:///{file}")

    assert done.code == ExitCode.ERROR
    assert f"there is no database {file}" in done.err
    assert not file.exists()


async def test_a_new_database_is_announced(inside: Inside, tmp_path: Path) -> None:
    file = tmp_path / "new.sqlite3"
    done = await inside("admin", "room", "add", "Lobby", "--database-url", f"sqlite:///{file}")

    assert (done.code, done.err) == (0, f"made a new database, {file}\n")


async def test_a_database_that_cannot_be_made_is_not_announced(
    inside: Inside, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/no/such/folder/x.sqlite3"
    done = await inside("admin", "room", "add", "Lobby", "--database-url", url)

    assert done.code == ExitCode.ERROR
    assert done.err.startswith("multichat: ")
    assert "made a new database" not in done.err


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["room", "add", "bad\udcff"], "the title"),
        (["room", "change", "1", "--title", "bad\udcff"], "the title"),
        (["user", "add", "bad\udcff"], "the user name"),
        (["user", "change", "bad\udcff", "--staff"], "the user name"),
        (["user", "change", "alice", "--rename", "bad\udcff"], "the new user name"),
        (["user", "delete", "bad\udcff"], "the user name"),
    ],
)
async def test_an_argument_that_is_not_utf_8(
    inside: Inside,
    url: str,  # noqa: ARG001
    tmp_path: Path,
    arguments: list[str],
    what: str,
) -> None:
    """It is told as what it is, and before a database is made for it."""
    done = await inside("admin", *arguments, env=PASSWORD)

    assert done.code == ExitCode.USAGE
    assert done.err == f"multichat: {what} is not valid UTF-8\n"
    assert not (tmp_path / "chat.sqlite3").exists()


async def test_a_broken_database(inside: Inside, tmp_path: Path) -> None:
    file = tmp_path / "broken.sqlite3"
    file.write_bytes(b"no database at all" * 1000)
    done = await inside("admin", "room", "list", "--database-url", f"sqlite:///{file}")

    assert done.code == ExitCode.ERROR
    assert done.err.startswith("multichat: ")


async def test_the_password_by_a_file(url: str, tmp_path: Path) -> None:
    """As a process, from end to end, with the settings in a file."""
    (tmp_path / "password").write_text("open sesame\n")
    (tmp_path / "chat.toml").write_text(f'database_url = "{url}"\n')
    done = await multichat(
        "admin", "user", "add", "alice", "--config", str(tmp_path / "chat.toml"),
        "--password-file", str(tmp_path / "password"),
    )  # fmt: skip

    assert (done.code, done.out) == (0, "alice\n")
    async with Store.open(url) as store:
        assert await store.check_password("alice", "open sesame")


async def test_what_it_does_is_in_the_audit_log(inside: Inside, url: str) -> None:
    for arguments in (
        ("user", "add", "alice"),
        ("user", "change", "alice", "--staff"),
        ("user", "delete", "alice"),
        ("room", "add", "Lobby"),
        ("room", "change", "1", "--staff-only"),
        ("room", "delete", "1"),
    ):
        await ok(inside, *arguments)

    async with Store.open(url) as store:
        entries = await store.audit.recent()
    assert {(entry.actor_id, entry.actor) for entry in entries} == {(None, "command line")}
    assert [f"{entry.action} {entry.subject}" for entry in reversed(entries)] == [
        "user.add alice",
        "user.change alice",
        "user.delete alice",
        "room.add Lobby",
        "room.change Lobby",
        "room.delete Lobby",
    ]
