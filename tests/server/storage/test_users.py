"""Users: what they may be called, what can be changed, and who gets in."""

import pytest

from multichat_server.storage import InvalidValue, NameTaken, NotFound, Store, User
from multichat_server.storage import users as users_work
from multichat_server.storage.tables import users

from .raw import execute


async def test_a_user_is_added_active_and_plain(store: Store) -> None:
    user = await store.add_user("alice", "pw")

    assert user == User(1, "alice", is_staff=False, is_active=True)
    assert await store.users() == [user]


async def test_whether_there_is_anybody(store: Store) -> None:
    for user in await store.users():
        await store.delete_user(user.id)
    assert not await store.has_users()

    await store.add_user("alice", "wonderland", is_active=False)
    assert await store.has_users()


async def test_users_are_listed_by_name_in_the_order_of_code_points(store: Store) -> None:
    for name in ("bob", "Zoe", "анна", "alice"):
        await store.add_user(name, "pw")

    assert [user.username for user in await store.users()] == ["Zoe", "alice", "bob", "анна"]


async def test_a_name_is_taken_once_in_each_case(store: Store) -> None:
    await store.add_user("alice", "pw")
    await store.add_user("Alice", "pw")

    with pytest.raises(NameTaken, match=r"^there is a user alice already$"):
        await store.add_user("alice", "other")
    assert len(await store.users()) == 2


async def test_names_are_one_whatever_form_their_letters_are_written_in(store: Store) -> None:
    """NFKC, as in Django: otherwise two users could look the same."""
    composed, decomposed = "\u00e9ve", "e\u0301ve"
    assert (await store.add_user(decomposed, "pw")).username == composed

    with pytest.raises(NameTaken):
        await store.add_user(composed, "pw")
    assert await store.check_password(decomposed, "pw") is not None
    assert (await store.change_user(decomposed, is_staff=True)).is_staff
    await store.delete_user(decomposed)


@pytest.mark.parametrize(
    "username",
    [
        "",
        " ",
        "two words",
        "a\n",
        "a\x1b[31m",
        "<b>",
        "a/b",
        "\ud800",
        "\x00",
        "x" * 151,
        "a\u202e",
    ],
)
async def test_a_name_that_could_mislead_or_break_something_is_refused(
    store: Store, username: str
) -> None:
    with pytest.raises(InvalidValue, match=r"^a user name (has|cannot be empty)") as caught:
        await store.add_user(username, "pw")

    assert str(caught.value).isprintable()
    assert await store.users() == []


@pytest.mark.parametrize(("password", "problem"), [("", "empty"), ("x" * 4097, "4096 characters")])
async def test_a_password_that_cannot_be_used_is_refused(
    store: Store, password: str, problem: str
) -> None:
    with pytest.raises(InvalidValue, match=problem):
        await store.add_user("alice", password)


async def test_only_what_is_named_is_changed(store: Store) -> None:
    alice = await store.add_user("alice", "pw")

    assert await store.change_user("alice") == alice
    assert await store.change_user("alice", is_staff=True) == User(1, "alice", True, True)
    assert await store.change_user("alice", is_active=False) == User(1, "alice", True, False)
    assert await store.change_user("alice", new_username="al") == User(1, "al", True, False)
    assert await store.users() == [User(1, "al", True, False)]


async def test_a_user_cannot_take_the_name_of_another(store: Store) -> None:
    await store.add_user("alice", "pw")
    await store.add_user("bob", "pw")

    with pytest.raises(NameTaken, match=r"^there is a user bob already$"):
        await store.change_user("alice", new_username="bob", is_staff=True)
    assert [user.is_staff for user in await store.users()] == [False, False]


async def test_who_is_not_there_cannot_be_changed_or_deleted(store: Store) -> None:
    for change in (
        store.change_user("nobody"),
        store.change_user("nobody", is_staff=True),
        store.delete_user("nobody"),
    ):
        with pytest.raises(NotFound, match=r"^there is no user nobody$"):
            await change


async def test_an_id_is_never_given_twice(store: Store) -> None:
    first = await store.add_user("alice", "pw")
    await store.delete_user("alice")

    assert (await store.add_user("alice", "pw")).id > first.id


async def test_users_are_found_by_id(store: Store) -> None:
    alice = await store.add_user("alice", "pw")
    bob = await store.add_user("bob", "pw")

    assert await store.users_by_id([alice.id, bob.id, 99, 0, -1, 2**70]) == {
        alice.id: alice,
        bob.id: bob,
    }
    assert await store.users_by_id([]) == {}


async def test_any_number_of_users_can_be_asked_for_at_once(store: Store) -> None:
    """A database takes only so many parameters a statement."""
    alice = await store.add_user("alice", "pw")

    assert await store.users_by_id(range(70_000)) == {alice.id: alice}


async def test_the_right_password_lets_in(store: Store) -> None:
    alice = await store.add_user("alice", "pw")

    verified = await store.check_password("alice", "pw")
    assert verified is not None
    assert verified.user == alice


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("alice", "PW"),
        ("alice", ""),
        ("Alice", "pw"),
        ("bob", "pw"),
        ("", ""),
        ("alice\x00", "pw"),
        ("\ud800", "pw"),
        ("a" * 100_000, "pw"),
        ("alice' OR 1=1 --", "pw"),
    ],
)
async def test_nothing_else_lets_in(store: Store, username: str, password: str) -> None:
    await store.add_user("alice", "pw")

    assert await store.check_password(username, password) is None


async def test_an_inactive_user_is_not_let_in(store: Store) -> None:
    await store.add_user("alice", "pw")
    await store.change_user("alice", is_active=False)

    assert await store.check_password("alice", "pw") is None


async def test_a_changed_password_replaces_the_old_one(store: Store) -> None:
    await store.add_user("alice", "old")
    await store.change_user("alice", password="new")

    assert await store.check_password("alice", "old") is None
    assert await store.check_password("alice", "new") is not None


async def test_a_hash_from_django_is_upgraded_at_login_and_not_before(store: Store) -> None:
    await store.add_user("alice", "pw")
    django = "pbkdf2_sha256$30000$seasalt$VrX+V8drCGo68wlvy6rfu8i1d1pfkdeXA4LJkRGJodY="
    await execute(store, users.update().values(password=django))
    before = await store.revision()

    async def stored() -> str:
        return str((await execute(store, users.select()))[0].password)

    assert await store.check_password("alice", "wrong") is None
    assert await stored() == django
    assert await store.check_password("alice", "lètmein") is not None
    assert (await stored()).startswith("$argon2id$")
    assert await store.check_password("alice", "lètmein") is not None
    # Nothing that a server may have in memory has changed.
    assert await store.revision() == before


async def test_an_upgrade_does_not_undo_a_password_changed_meanwhile(store: Store) -> None:
    """Between the check and the upgrade an administrator may set a new password."""
    alice = await store.add_user("alice", "new")

    is_replaced = await store._database.write(
        lambda c: users_work.replace_hash(c, alice.id, "hash of the old one", "better hash of it")
    )

    assert not is_replaced
    assert await store.check_password("alice", "new") is not None
