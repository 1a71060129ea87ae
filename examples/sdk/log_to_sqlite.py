"""
Write what is said in some rooms to an SQLite file, and what is missing there.

Version 1 of the protocol has no history: what is said while there is no connection is gone. So
a log that is honest has a table of its gaps.

::

    export MULTICHAT_USER=alice MULTICHAT_PASSWORD=…
    python log_to_sqlite.py ws://127.0.0.1:8000 chat.sqlite 1 2
    sqlite3 chat.sqlite 'SELECT username, text FROM messages ORDER BY heard'
"""

import os
import sqlite3
import sys
import time

from multichat_proto import ChatEvent, Gap, Overflow, RoomMessage, RoomRejoined
from multichat_proto.sync import connect

TABLES = """
CREATE TABLE IF NOT EXISTS messages (heard REAL, room TEXT, username TEXT, kind TEXT, text TEXT);
CREATE TABLE IF NOT EXISTS gaps (room TEXT, since REAL, until REAL);
"""


def write(file: sqlite3.Connection, event: ChatEvent) -> None:
    """Write an event, if it belongs into the log."""
    now = time.time()
    match event:
        case RoomMessage(room=room, username=username, text=text):
            file.execute(
                "INSERT INTO messages VALUES (?, ?, ?, ?, ?)",
                (now, room, username, event.kind.name, text),
            )
        case RoomRejoined(room=room, since=since, until=until):
            file.execute("INSERT INTO gaps VALUES (?, ?, ?)", (room, since, until))
        case Gap(room=room):
            file.execute("INSERT INTO gaps VALUES (?, NULL, ?)", (room, now))


def log(url: str, path: str, rooms: list[str]) -> None:
    """Log until Ctrl-C."""
    account = os.environ["MULTICHAT_USER"], os.environ["MULTICHAT_PASSWORD"]
    file = sqlite3.connect(path)
    try:
        file.executescript(TABLES)
        with (
            connect(url, credentials=account, rooms=rooms) as chat,
            # A full disk is no reason to lose messages as long as the server waits for us.
            chat.subscribe(overflow=Overflow.BLOCK) as events,
        ):
            print(f"logging {', '.join(room.title for room in chat.rooms.values())}", flush=True)
            for event in events:
                with file:
                    write(file, event)
    except KeyboardInterrupt:
        pass
    finally:
        file.close()


if __name__ == "__main__":
    _, server, target, *wanted = sys.argv
    log(server, target, wanted)
