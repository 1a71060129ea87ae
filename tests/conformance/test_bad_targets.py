"""Targets that cannot be tested: each run ends soon, with an exit code and what to do."""

from dataclasses import replace

import pytest

from multichat_conformance.events import RunFinished
from multichat_conformance.outcomes import ExitCode, Outcome
from multichat_conformance.running import Options, Run
from multichat_conformance.target import Account, Login, Room, Target
from tests.conformance import bad_servers
from tests.conformance.a_check import a_check
from tests.conformance.bad_servers import Behaviour, bad_server
from tests.conformance.small_server.threaded import served

COOKIE = Target(
    url="ws://127.0.0.1:1/chat/stream/",
    login=Login(recipe="cookie"),
    accounts=(Account("alice", headers={"Cookie": "sessionid=a-secret-key"}),),
    rooms=(Room("1"), Room("2")),
)
FORM = replace(COOKIE, login=Login(), accounts=(Account("alice", "a-password"),))
NOBODY = replace(COOKIE, accounts=())


def run(target: Target) -> RunFinished:
    """Run two checks against it, and see that they are not tested."""
    checks = [a_check(name="one"), a_check(name="two")]
    trying = Run(target, Options(patience=0.3), lambda _: None)
    assert not trying.begin(checks)
    for check in checks:
        trying.play(check)
    ended = trying.finish()
    assert [result.outcome for result in trying.results] == [Outcome.NOT_TESTED] * 2
    assert ended.exit_code == ExitCode.INCOMPLETE
    assert ended.interrupted
    assert ended.sentence.count(". ") == 0, "more than one sentence"
    return ended


@pytest.mark.parametrize("target", [COOKIE, FORM])
def test_one_that_is_not_there(target: Target) -> None:
    """Port 1 is nobody's; a free port could be somebody's a moment later."""
    ended = run(target)

    assert "refused" in ended.sentence
    assert "start the target, or check" in ended.sentence


BAD = {
    behaviour.__name__: behaviour
    for behaviour in (
        bad_servers.never_answers,
        bad_servers.drops,
        bad_servers.speaks_something_else,
        bad_servers.refuses_handshakes,
        bad_servers.floods_the_handshake,
        bad_servers.never_answers_commands,
        bad_servers.floods_with_frames,
    )
}


@pytest.mark.parametrize(
    ("name", "target", "said", "remedy"),
    [
        ("never_answers", COOKIE, "no answer to a handshake", "check the url"),
        ("never_answers", FORM, "nobody can log in", "check its url and login.path"),
        ("never_answers", NOBODY, "no response", "check the url"),
        ("drops", COOKIE, "did not answer a handshake", "check the url"),
        ("drops", FORM, "nobody can log in", "check its url and login.path"),
        ("drops", NOBODY, "no response", "check the url"),
        ("speaks_something_else", COOKIE, "did not answer a handshake", "check the url"),
        ("speaks_something_else", FORM, "nobody can log in", "check its url and login.path"),
        ("refuses_handshakes", COOKIE, "was not accepted", "check the url"),
        ("refuses_handshakes", FORM, "answers 404, not a login form", "check login.path"),
        ("refuses_handshakes", NOBODY, "status 404", "check the url"),
        ("floods_the_handshake", COOKIE, "did not answer a handshake", "check the url"),
        ("floods_the_handshake", FORM, "nobody can log in", "check its url and login.path"),
        ("floods_the_handshake", NOBODY, "no response", "check the url"),
        ("never_answers_commands", COOKIE, "waited 0.3 s for an answer", "check the url"),
        ("floods_with_frames", COOKIE, "alice", "check the url"),
    ],
)
def test_one_that_is_no_such_server(name: str, target: Target, said: str, remedy: str) -> None:
    behaviour: Behaviour = BAD[name]
    with bad_server(behaviour) as port:
        ended = run(replace(target, url=f"ws://127.0.0.1:{port}/chat/stream/"))

    assert said in ended.sentence
    assert remedy in ended.sentence


def test_a_wrong_password() -> None:
    with served() as target:
        wrong = tuple(replace(account, password="wr0ng-one") for account in target.accounts)
        ended = run(replace(target, accounts=wrong))

    assert "cannot log in" in ended.sentence
    assert "check the account's password" in ended.sentence
    assert "wr0ng-one" not in ended.sentence


@pytest.mark.parametrize(
    ("room", "said"),
    [
        (Room("999"), "cannot join room 999 of the target file (ROOM_INVALID)"),
        (Room("3"), "cannot join room 3 of the target file (ROOM_ACCESS_DENIED)"),
    ],
)
def test_a_room_that_is_not_as_the_file_says(room: Room, said: str) -> None:
    with served() as target:
        ended = run(replace(target, rooms=(room, *target.rooms)))

    assert said in ended.sentence
    assert "put [[rooms]] right" in ended.sentence


def test_a_session_that_is_not_one() -> None:
    with served() as target:
        accounts = (Account("alice", headers={"Cookie": "sessionid=no-such-session"}),)
        ended = run(replace(target, login=Login(recipe="cookie"), accounts=accounts))

    assert "treated as nobody" in ended.sentence
    assert "check the url, the accounts and the rooms" in ended.sentence
    assert "no-such-session" not in ended.sentence
