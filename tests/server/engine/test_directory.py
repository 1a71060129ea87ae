"""Rights in memory, and what follows when they change."""

from collections.abc import Callable, Iterator

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from multichat_proto.exceptions import StoreUnavailable
from multichat_proto.messages import Room
from multichat_proto.server import RoomAccess
from multichat_server.engine.directory import EXPIRY_CHECK, Directory, Visit

from . import wire
from .fakes import Client, FakeAccounts, FakeUser, House
from .test_connection import left


class Case:
    """A directory over fake accounts, and connections without sockets."""

    def __init__(self) -> None:
        self.accounts = FakeAccounts()
        self.directory = Directory(self.accounts, poll=0.25, stale_after=10.0)
        self.house = House()

    async def visit(self, key: str | None) -> Visit:
        visit = self.directory.enter(key)
        await self.directory.identify(visit)
        return visit

    async def connect(self, key: str, *rooms: str) -> Client:
        visit = await self.visit(key)
        self.house.look_up = lambda room: self.directory.access(room, visit.user)  # type: ignore[method-assign]  # asked per user
        client = self.house.connect(None if visit.user is None else visit.user.username)
        visit.connection = client.connection
        for room in rooms:
            client.sends(wire.join(room))
        client.got()
        return client


@pytest.fixture
async def case() -> Case:
    case = Case()
    await case.directory.refresh()
    return case


async def test_who_sees_which_room(case: Case) -> None:
    staff, plain = FakeUser(3, "staff", is_staff=True), FakeUser(1, "alice")
    access = case.directory.access

    assert access(Room("1"), plain) == RoomAccess("room 1", allowed=True)
    assert access(Room("3"), plain) == RoomAccess("staff room", allowed=False)
    assert access(Room("3"), None) == RoomAccess("staff room", allowed=False)
    assert access(Room("3"), staff) == RoomAccess("staff room", allowed=True)
    assert access(Room("9"), staff) is None


async def test_nothing_is_read_while_nothing_changes(case: Case) -> None:
    await case.directory.refresh()

    assert case.accounts.reads == 1
    case.accounts.change_room(1, title="new")
    await case.directory.refresh()
    assert case.accounts.reads == 2


async def test_a_changed_title_shows(case: Case) -> None:
    case.accounts.change_room(1, title="<b>new</b>")
    await case.directory.refresh()

    access = case.directory.access(Room("1"), None)

    assert access == RoomAccess("<b>new</b>", allowed=True)


@pytest.mark.parametrize(
    ("change", "is_news"),
    [
        (lambda a: a.change_room(1, title="new"), True),
        (lambda a: a.change_room(1, staff_only=True), True),
        (lambda a: a.delete_room(1), True),
        (lambda a: a.change_user(1, username="alicia"), True),
        (lambda a: a.change_user(1, is_staff=True), True),
        (lambda a: a.delete_user(1), True),
        (lambda a: a.change_user(2, username="robert"), False),
        (lambda a: a.end_session("bob"), False),
        (lambda a: a.end_session("alice"), False),
        (lambda _: None, False),
    ],
    ids=[
        "title",
        "staff-only",
        "deleted",
        "renamed",
        "promoted",
        "user-deleted",
        "somebody-elses-name",
        "somebody-elses-logout",
        "logout",
        "nothing",
    ],
)
async def test_changes_that_pages_show_are_told(
    case: Case, change: Callable[[FakeAccounts], object], is_news: bool
) -> None:
    """Of rooms, and of the names and rights of those who are here."""
    await case.connect("alice", "1")
    news = case.directory.next_change

    change(case.accounts)
    await case.directory.refresh()

    assert news.is_set() is is_news
    assert not case.directory.next_change.is_set()


async def test_a_room_made_for_staff_puts_plain_members_out(case: Case) -> None:
    """MC1-REVOKE-01 to -04: losers see nothing of each other, the rest sees a LEAVE each."""
    alice = await case.connect("alice", "1", "2")
    bob = await case.connect("bob", "1")
    staff = await case.connect("staff", "1")
    for each in (alice, bob):
        each.got()

    case.accounts.change_room(1, staff_only=True)
    await case.directory.refresh()

    assert alice.got() == [{"leave": "1"}]
    assert bob.got() == [{"leave": "1"}]
    assert staff.got() == [left("alice"), left("bob")]
    assert set(alice.connection.chat.rooms) == {"2"}
    assert alice.connection.is_open


async def test_a_deleted_room_puts_everybody_out(case: Case) -> None:
    staff = await case.connect("staff", "1")

    case.accounts.delete_room(1)
    await case.directory.refresh()

    assert staff.got() == [{"leave": "1"}]


async def test_one_who_is_no_longer_staff_is_put_out_of_staff_rooms(case: Case) -> None:
    staff = await case.connect("staff", "1", "3")

    case.accounts.change_user(3, is_staff=False)
    await case.directory.refresh()

    assert staff.got() == [{"leave": "3"}]
    assert set(staff.connection.chat.rooms) == {"1"}


async def test_becoming_staff_counts_at_once(case: Case) -> None:
    """MC1-AUTH-05."""
    alice = await case.connect("alice")
    case.accounts.change_user(1, is_staff=True)
    await case.directory.refresh()

    alice.sends(wire.join("3"))

    assert alice.got() == [{"join": "3", "title": "staff room"}]


async def test_a_renamed_user_speaks_with_the_new_name(case: Case) -> None:
    """MC1-MSG-03."""
    alice = await case.connect("alice", "1")
    case.accounts.change_user(1, username="alicia")
    await case.directory.refresh()

    alice.sends(wire.send("hi"))

    assert alice.got() == [{"room": "1", "message": "hi", "username": "alicia", "msg_type": 0}]


@pytest.mark.parametrize("how", ["deactivated", "deleted"])
async def test_the_connection_of_a_lost_account_becomes_anonymous(case: Case, how: str) -> None:
    """MC1-REVOKE-05."""
    alice = await case.connect("alice", "1", "2")
    bob = await case.connect("bob", "1")
    alice.got()

    if how == "deactivated":
        case.accounts.change_user(1, is_active=False)
    else:
        case.accounts.delete_user(1)
    await case.directory.refresh()

    assert sorted(alice.got(), key=str) == [{"leave": "1"}, {"leave": "2"}]
    assert bob.got() == [left("alice")]
    alice.sends(wire.join("1"))
    (refused,) = alice.got()
    assert isinstance(refused, dict)
    assert refused["error"] == "USER_HAS_TO_LOGIN"
    case.accounts.change_room(2, title="later changes are no matter to it")
    await case.directory.refresh()
    assert alice.connection.is_open


@pytest.mark.parametrize("how", ["noticed", "told"])
async def test_an_ended_session_closes_its_connections(case: Case, how: str) -> None:
    """MC1-REVOKE-06; the others see one LEAVE a connection."""
    first, second = await case.connect("alice", "1"), await case.connect("alice", "1")
    bob = await case.connect("bob", "1")
    for each in (first, second):
        each.got()

    case.accounts.end_session("alice")
    if how == "told":
        case.directory.session_ended("alice")
    else:
        await case.directory.refresh()

    for each in (first, second):
        assert each.got() == [(1008, "the session has ended")]
    assert bob.got() == [left("alice"), left("alice")]
    assert bob.connection.is_open


async def test_an_unknown_session_is_anonymous_and_stays_open(case: Case) -> None:
    nobody = await case.connect("unknown")

    case.accounts.change_room(1, title="something")
    await case.directory.refresh()

    nobody.sends(wire.join("1"))
    assert nobody.connection.is_open
    assert nobody.got()[0]["error"] == "USER_HAS_TO_LOGIN"  # type: ignore[index]  # an error frame


async def test_changes_are_looked_for_where_strangers_do_not_wait() -> None:
    """Whoever keeps the store busy with made-up sessions delays no revocation (MC1-REVOKE-01)."""
    busy, watch = FakeAccounts(), FakeAccounts()
    busy.is_down = True
    directory = Directory(busy, watch=watch, poll=0.25, stale_after=10.0)

    await directory.refresh()

    assert directory.access(Room("1"), None) is not None
    with pytest.raises(StoreUnavailable):
        await directory.identify(directory.enter("alice"))


async def test_a_forgotten_visit_is_not_asked_about(case: Case) -> None:
    visit = await case.visit("alice")
    case.directory.forget(visit)
    case.directory.forget(visit)

    case.accounts.end_session("alice")
    await case.directory.refresh()
    case.directory.session_ended("alice")


# No change is missed during a handshake


async def session_after_handshake(case: Case, steps: "Iterator[str]") -> Visit:
    """Identify alice while what the steps say happens, each before one of the store's answers."""

    async def before_answer(what: str) -> None:
        if what == "session":
            for step in steps:
                if step == "answer":
                    return
                if step == "log out":
                    case.accounts.end_session("alice")
                elif step == "refresh":
                    await case.directory.refresh()
                elif step == "told":
                    case.directory.session_ended("alice")

    case.accounts.before_answer = before_answer
    visit = await case.visit("alice")
    case.accounts.before_answer = None
    return visit


@pytest.mark.parametrize("how", ["refresh", "told"])
async def test_a_logout_during_the_handshake_is_seen(case: Case, how: str) -> None:
    visit = await session_after_handshake(case, iter(["log out", how, "answer"]))

    assert visit.user is None


async def test_a_logout_that_no_refresh_has_seen_yet_closes_later(case: Case) -> None:
    visit = await session_after_handshake(case, iter(["log out", "answer"]))
    assert visit.user is not None
    visit.connection = case.house.connect("alice").connection

    await case.directory.refresh()

    assert not visit.connection.is_open


async def test_a_refresh_that_began_before_the_connection_does_not_miss_it(case: Case) -> None:
    """
    She logs out while her session is looked at.

    A refresh sees the new revision and lists its
    visits; only then is she connected.
    """
    reading = trio.Event()
    connected = trio.Event()

    async def before_answer(what: str) -> None:
        if what == "session" and "alice" in case.accounts.sessions:
            case.accounts.end_session("alice")
            nursery.start_soon(case.directory.refresh)
            await reading.wait()
        elif what == "rooms":
            reading.set()
            await connected.wait()

    case.accounts.before_answer = before_answer
    async with trio.open_nursery() as nursery:
        visit = await case.visit("alice")
        connected.set()

    assert visit.user is None


# When the store is away


async def test_without_the_store_nothing_is_relied_upon_for_long(mock_clock: MockClock) -> None:
    """MC1-ERR-09; it recovers by itself."""
    case = Case()
    with pytest.raises(StoreUnavailable):
        case.directory.access(Room("1"), None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(case.directory.run)
        await wait_all_tasks_blocked()
        assert case.directory.access(Room("1"), None) is not None

        case.accounts.is_down = True
        mock_clock.jump(9.9)
        await wait_all_tasks_blocked()
        assert case.directory.access(Room("1"), None) is not None
        mock_clock.jump(0.2)
        await wait_all_tasks_blocked()
        with pytest.raises(StoreUnavailable):
            case.directory.access(Room("1"), None)

        case.accounts.is_down = False
        mock_clock.jump(0.25)
        await wait_all_tasks_blocked()
        assert case.directory.access(Room("1"), None) is not None
        nursery.cancel_scope.cancel()


async def test_that_the_store_is_away_is_said_once(
    mock_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    case = Case()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(case.directory.run)
        await wait_all_tasks_blocked()
        for is_down in (True, True, False, False, True):
            case.accounts.is_down = is_down
            mock_clock.jump(0.25)
            await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()

    away, back = "the database is away", "the database answers again"
    assert caplog.messages == [away, back, away]


async def test_changes_are_looked_for_several_times_a_second(mock_clock: MockClock) -> None:
    case = Case()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(case.directory.run)
        await wait_all_tasks_blocked()

        case.accounts.change_room(1, title="new")
        mock_clock.jump(0.25)
        await wait_all_tasks_blocked()

        assert case.directory.access(Room("1"), None) == RoomAccess("new", allowed=True)
        nursery.cancel_scope.cancel()


async def test_sessions_that_run_out_are_noticed(mock_clock: MockClock) -> None:
    """That changes no revision."""
    case = Case()
    await case.directory.refresh()
    alice = await case.connect("alice")

    del case.accounts.sessions["alice"]
    mock_clock.jump(EXPIRY_CHECK - 1)
    await case.directory.refresh()
    assert alice.connection.is_open
    mock_clock.jump(1)
    await case.directory.refresh()

    assert not alice.connection.is_open


async def test_a_handshake_fails_while_the_store_is_away(case: Case) -> None:
    case.accounts.is_down = True

    with pytest.raises(StoreUnavailable):
        await case.visit("alice")
    anonymous = await case.visit(None)
    assert anonymous.user is None


async def test_a_cancelled_refresh_changes_nothing_and_is_made_up_for(case: Case) -> None:
    alice = await case.connect("alice", "1")
    case.accounts.change_room(1, staff_only=True)

    async def hang(what: str) -> None:
        if what == "users":
            scope.cancel()
            await trio.lowlevel.checkpoint()

    case.accounts.before_answer = hang
    with trio.CancelScope() as scope:
        await case.directory.refresh()
    case.accounts.before_answer = None
    assert alice.got() == []
    await case.directory.refresh()

    assert alice.got() == [{"leave": "1"}]
