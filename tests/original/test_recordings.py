"""The stand-in does on the wire what the original was recorded to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from typing import Any

import pytest
import trio

from multichat_spec import expand, recorded_sessions
from tests.original.conftest import open_database, restored
from tests.original.replay import FENCE_ROOM, Replay
from tests.original.target import OriginalServer
from tests.original.wire import Event

pytestmark = [pytest.mark.original, pytest.mark.timeout(300)]

Session = dict[str, Any]

# What was done to the database under open connections, in the words of the recordings.
CHANGES = {
    "room 1 deleted in the database": "DELETE FROM chat_room WHERE id = 1",
    "room 1 renamed to 'renamed'": "UPDATE chat_room SET title = 'renamed' WHERE id = 1",
    "room 1 set staff_only": "UPDATE chat_room SET staff_only = 1 WHERE id = 1",
    "room 50 created": "INSERT INTO chat_room VALUES (50, 'fifty', 0)",
    "alice set is_staff": "UPDATE auth_user SET is_staff = 1 WHERE username = 'alice'",
    "alice set inactive": "UPDATE auth_user SET is_active = 0 WHERE username = 'alice'",
    "alice's password hash changed": (
        "UPDATE auth_user SET password = 'another' WHERE username = 'alice'"
    ),
    "alice renamed to alicia": (
        "UPDATE auth_user SET username = 'alicia' WHERE username = 'alice'"
    ),
    "alice's row deleted": "DELETE FROM auth_user WHERE username = 'alice'",
    "title ''": "UPDATE chat_room SET title = '' WHERE id = 1",
    "title 300 x t": "UPDATE chat_room SET title = printf('%.300c', 't') WHERE id = 1",
    "django_session table emptied": "DELETE FROM django_session",
}
# Sessions that are not replayed, and why.
LEFT_OUT = {
    "20a": "recorded without waiting; a replay in step with the answers would be session 06",
    "20b": "as 20a",
    "20c": "as 20a",
    "20d": "as 20a",
    "20e": "as 20a",
    "20f": "as 20a",
    "20g": "as 20a",
    "16.54": "the recording ends before the worker is started again; 16.53 goes on",
    "16f23": "20 MiB: the 2016 server takes ten seconds to unmask it",
    "21a": "a minute of silence, for the server's pings alone",
    "21b": "as 21a",
}
# A big frame, whose answer came only after the recording had gone on to the next step.
LATE = {"16.47"}
SESSIONS = {session["id"]: session for session in recorded_sessions()}


def replayed(announce: bool) -> list[Any]:
    """Return the sessions to replay, recorded with notices on or off."""
    return [
        pytest.param(session, id=name)
        for name, session in SESSIONS.items()
        if name not in LEFT_OUT and session["announce"] is announce
    ]


async def replay(server: OriginalServer, session: Session) -> None:
    """Replay one session and compare what each connection received after each step."""
    if session["id"] in LATE:
        session = in_time(session)
    expected = [in_words(step.get("then", {})) for step in session["steps"]]
    changes = any("action" in step for step in session["steps"])
    with closing(open_database(server.database)) as database, fence_room(database):
        playing = Replay(server, session)

        async def act(action: str) -> None:
            if "log" in action:
                await trio.to_thread.run_sync(server.log_out, playing.last_key)
            else:
                database.execute(CHANGES[action])

        with restored(database) if changes else nullcontext():
            seen = await playing.run(act)

    assert seen == expected
    if "head" in session:
        (head,) = playing.heads.values()
        assert without_values(head) == session["head"]


def in_words(events: dict[str, list[Event]]) -> dict[str, list[Event]]:
    """Return recorded events with the text of long frames written out."""
    return {
        name: [{"frame": expand(event["frame"])} if "frame" in event else event for event in some]
        for name, some in events.items()
    }


def in_time(session: Session) -> Session:
    """Return a session with its one late answer after the step that it belongs to."""
    *steps, before, after = session["steps"]
    ((who, (late, *rest)),) = after["then"].items()
    return {
        **session,
        "steps": [*steps, {**before, "then": {who: [late]}}, {**after, "then": {who: rest}}],
    }


def without_values(head: list[str]) -> list[str]:
    """Return a handshake's answer without the lines whose values differ each time."""
    changing = ("sec-websocket-accept:", "date:", "last-modified:", "expires:")
    return [line for line in head if not line.lower().startswith(changing)]


@contextmanager
def fence_room(database: sqlite3.Connection) -> Iterator[None]:
    """Have the room for the fences in the database, in which nobody ever is."""
    database.execute("INSERT INTO chat_room VALUES (?, 'fence', 0)", (FENCE_ROOM,))
    try:
        yield
    finally:
        database.execute("DELETE FROM chat_room WHERE id = ?", (FENCE_ROOM,))


@pytest.mark.parametrize("session", replayed(announce=True))
async def test_session_goes_as_recorded(original_server: OriginalServer, session: Session) -> None:
    """Frame for frame, connection by connection."""
    await replay(original_server, session)


@pytest.mark.parametrize("session", replayed(announce=False))
async def test_session_without_notices_goes_as_recorded(
    silent_original_server: OriginalServer, session: Session
) -> None:
    """With ENTER and LEAVE switched off."""
    await replay(silent_original_server, session)


def test_what_is_left_out_exists() -> None:
    """A recording that is gone or replayed after all does not stay on the list."""
    assert LEFT_OUT.keys() <= SESSIONS.keys()
