"""The whole server on PostgreSQL by URL alone, as processes; and a database that goes and comes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import trio

from multichat_cli.exit_codes import ExitCode
from multichat_server.passwords import Passwords
from multichat_server.storage import Store
from tests.server.django_import.made import ALICE, PASSWORD, make_django
from tests.support.postgresql import Cluster, running
from tests.support.served import admin, served
from tests.targets.chat import open_chat

pytestmark = pytest.mark.slow

PASSWORDS = {"alice": "alice's words", "bob": "bob's words", "dave": "dave's words"}


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A server that a test may stop."""
    with running() as cluster:
        yield cluster


def fill(url: str) -> None:
    """Add people and rooms."""

    async def add() -> None:
        async with Store.open(url, passwords=Passwords(memory_kib=8)) as store:
            for name, password in PASSWORDS.items():
                await store.add_user(name, password, is_staff=name == "dave")
            await store.add_room("Lobby")
            await store.add_room("Attic", staff_only=True)

    trio.run(add)


def message(username: str, text: str | None, msg_type: int = 0) -> dict[str, object]:
    return {"room": "1", "message": text, "username": username, "msg_type": msg_type}


def test_people_log_in_and_talk_and_what_is_changed_acts_at_once(postgresql_url: str) -> None:
    """MC1-REVOKE-01, -02, -05."""
    fill(postgresql_url)
    with (
        served(postgresql_url, passwords=PASSWORDS) as server,
        open_chat(server, server.session("alice")) as alice,
        open_chat(server, server.session("bob")) as bob,
    ):
        assert server.try_log_in("alice", "wrong").status == 200
        assert "Lobby" in server.request("GET", "/", cookies=cookie(server.session("bob"))).text
        assert alice.asks("join", "1") == {"join": "1", "title": "Lobby"}
        assert bob.asks("join", "1") == {"join": "1", "title": "Lobby"}
        assert alice.hears() == message("bob", None, 4)
        assert bob.asks("send", "1", message="hi") == message("bob", "hi")
        assert alice.hears() == message("bob", "hi")
        assert bob.asks("join", "2") == {"error": "ROOM_ACCESS_DENIED"}

        admin(postgresql_url, "user", "change", "bob", "--no-active")

        assert bob.hears() == {"leave": "1"}
        assert alice.hears() == message("bob", None, 5)
        admin(postgresql_url, "room", "change", "1", "--staff-only")
        assert alice.hears() == {"leave": "1"}
        admin(postgresql_url, "user", "change", "alice", "--staff")
        admin(postgresql_url, "room", "delete", "2")
        assert alice.asks("join", "1") == {"join": "1", "title": "Lobby"}
        assert admin(postgresql_url, "room", "delete", "2", status=ExitCode.ERROR) == []


def test_two_servers_share_it(postgresql_url: str) -> None:
    """Who logs in at one is known to the other."""
    fill(postgresql_url)
    with (
        served(postgresql_url, passwords=PASSWORDS) as one,
        served(postgresql_url) as other,
        open_chat(other, one.log_in("dave")) as dave,
    ):
        assert dave.asks("join", "2") == {"join": "2", "title": "Attic"}


def test_a_database_that_is_away_comes_back(own_cluster: Cluster) -> None:
    """Rooms go on without it, logins say 503; nobody restarts anything (MC1-ERR-06)."""
    url = own_cluster.new_database()
    fill(url)
    with (
        served(url, "--stale-after", "1000", passwords=PASSWORDS) as server,
        open_chat(server, server.session("alice")) as alice,
        open_chat(server, server.session("bob")) as bob,
    ):
        alice.asks("join", "1")
        bob.asks("join", "1")
        alice.hears()

        own_cluster.stop()

        assert server.request("GET", "/", cookies=cookie(server.session("bob"))).status == 503
        assert server.try_log_in("alice", PASSWORDS["alice"]).status == 503
        assert bob.asks("send", "1", message="still here") == message("bob", "still here")
        assert alice.hears() == message("bob", "still here")
        admin(url, "room", "list", status=ExitCode.ERROR)

        own_cluster.start()

        assert server.try_log_in("alice", PASSWORDS["alice"]).status == 302
        admin(url, "room", "change", "1", "--staff-only")
        assert {tuple(chat.hears()) for chat in (alice, bob)} == {("leave",)}


def test_people_come_over_from_django_while_it_serves(postgresql: Cluster) -> None:
    """From one database of the same server to another; nobody restarts anything."""
    django, url = postgresql.new_database(), postgresql.new_database()
    make_django(django, [ALICE, (2, "mallory", "md5$a$b", False, True)], [(7, "Seven", False)])
    with served(url, passwords={"alice": PASSWORD}) as server:
        assert server.try_log_in("alice", PASSWORD).status == 200

        (lost, done) = admin(url, "import-django", django, status=ExitCode.INCOMPLETE)

        assert (lost["name"], lost["code"]) == ("mallory", "password_lost")
        assert (done["users_added"], done["rooms_added"]) == (2, 1)
        with open_chat(server, server.session("alice")) as alice:
            # The server looks at the database four times a second.
            while alice.asks("join", "7") != {"join": "7", "title": "Seven"}:
                pass


def cookie(session: str) -> dict[str, str]:
    return {"sessionid": session}


def test_no_password_is_announced(postgresql_url: str) -> None:
    """What a server prints goes into a log."""
    with served(f"{postgresql_url}&sslpassword=hunter2") as server:
        announced = server.ready["database_url"]

    assert announced.startswith("postgresql://")
    assert "hunter2" not in announced
