"""The application on today's Channels says what the original says, where all is well-formed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.targets.chat import open_chat
from tests.targets.conftest import FIRST_USE
from tests.targets.running import run_target
from tests.targets.target import TARGETS, RunningTarget

pytestmark = [pytest.mark.slow, FIRST_USE]


@pytest.fixture(scope="module")
def modern() -> Iterator[RunningTarget]:
    """The application, running."""
    with run_target(TARGETS / "modern" / "run.py") as (ready, process):
        yield RunningTarget("modern", ready, process)


def message(room: str, username: str, text: str | None, msg_type: int) -> dict[str, Any]:
    """Return a room message."""
    return {"room": room, "message": text, "username": username, "msg_type": msg_type}


def test_two_people_meet_and_part(modern: RunningTarget) -> None:
    """ENTER to the others alone; LEAVE to the leaver too, before the answer."""
    with (
        open_chat(modern, modern.session("alice")) as alice,
        open_chat(modern, modern.session("bob")) as bob,
    ):
        assert alice.asks("join", "1") == {"join": "1", "title": "room 1"}
        assert bob.asks("join", "1") == {"join": "1", "title": "room 1"}
        assert alice.hears() == message("1", "bob", None, 4)
        assert bob.asks("send", "1", message="hi") == message("1", "bob", "hi", 0)
        assert alice.hears() == message("1", "bob", "hi", 0)
        assert bob.asks("leave", "1") == message("1", "bob", None, 5)
        assert bob.hears() == {"leave": "1"}
        assert alice.hears() == message("1", "bob", None, 5)
        assert bob.asks("send", "1", message="hi") == {"error": "ROOM_ACCESS_DENIED"}


def test_what_is_pipelined_is_answered_in_order(modern: RunningTarget) -> None:
    """All of it goes through one queue: MC1-ORDER-02, which the original breaks."""
    with open_chat(modern, modern.session("alice")) as alice:
        alice.says("join", "2")
        for number in range(50):
            alice.says("send", "2", message=str(number))
        alice.says("leave", "2")
        alice.says("join", "9001")
        heard = [alice.hears() for _ in range(54)]

    assert heard == [
        {"join": "2", "title": "room 2"},
        *(message("2", "alice", str(number), 0) for number in range(50)),
        message("2", "alice", None, 5),
        {"leave": "2"},
        {"error": "ROOM_INVALID"},
    ]


@pytest.mark.parametrize("text", ["", " \n\0", "é e\u0301", "<b>&amp;</b>", "😀" * 4096])
def test_a_text_arrives_unchanged(modern: RunningTarget, text: str) -> None:
    """MC1-SEND-04, MC1-LIMIT-04."""
    with open_chat(modern, modern.session("alice")) as alice:
        alice.asks("join", "2")

        assert alice.asks("send", "2", message=text) == message("2", "alice", text, 0)


def test_who_disconnects_is_announced(modern: RunningTarget) -> None:
    """MC1-END-01: where the original is silent, one writes it today."""
    with open_chat(modern, modern.session("alice")) as alice:
        alice.asks("join", "4")
        with open_chat(modern, modern.session("bob")) as bob:
            bob.asks("join", "4")
            assert alice.hears() == message("4", "bob", None, 4)

        assert alice.hears() == message("4", "bob", None, 5)


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1.evil.example", "null"])
def test_a_foreign_page_is_refused(modern: RunningTarget, origin: str) -> None:
    """MC1-HAND-11; a client without an origin is served, as all the others here are."""
    with pytest.raises(InvalidStatus) as refused:
        connect(modern.websocket, additional_headers={"Origin": origin})

    assert refused.value.response.status_code == 403


def test_notices_can_be_switched_off() -> None:
    """As in the original, by a setting."""
    with run_target(TARGETS / "modern" / "run.py", "--no-notices") as (ready, process):
        target = RunningTarget("modern", ready, process)
        with open_chat(target, target.session("alice")) as alice:
            alice.asks("join", "1")

            assert alice.asks("leave", "1") == {"leave": "1"}


def test_the_admin_and_the_log_out_are_real(modern: RunningTarget) -> None:
    session = modern.log_in("admin")
    cookies = {"sessionid": session}
    rooms = modern.request("GET", "/admin/chat/room/", cookies=cookies)
    style = modern.request("GET", "/static/admin/css/base.css")
    page = modern.request("GET", "/", cookies=cookies)
    gone = modern.request(
        "POST",
        "/accounts/logout/",
        form={"csrfmiddlewaretoken": page.token},
        cookies=cookies | page.cookies,
    )

    assert rooms.status == 200
    assert "Select room to change" in rooms.text
    assert style.status == 200
    assert 'data-room-id="1"' in page.text
    assert (gone.status, gone.headers["Location"]) == (302, "/")
    assert modern.request("GET", "/", cookies=cookies).status == 302


def test_a_dead_server_ends_it() -> None:
    """Nothing is started again: what is left would be no target."""
    with run_target(TARGETS / "modern" / "run.py", status=1) as (ready, process):
        os.kill(ready["processes"]["daphne"], signal.SIGKILL)
        assert process.wait(30) == 1
