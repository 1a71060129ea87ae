"""
Runs the reference server as a target: with accounts, rooms, short waits and hooks.

Prints one line of JSON on standard output when it answers: its addresses, accounts and rooms.
Runs until SIGTERM, SIGINT or SIGHUP, closes everybody with 1012, and leaves nothing behind.

Exit status: 0 stopped as asked, 1 it failed, 2 wrong usage, 3 cannot run here.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, Final

# Beside this folder, and no part of what is installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

try:
    import trio

    from multichat_proto.handshake import STREAM_PATH
    from multichat_server.config import Settings
    from multichat_server.passwords import Passwords
    from multichat_server.server import Serving, serve
    from multichat_server.storage import Store
    from reference_target.hooks import Outage, ReferenceHooks, serve_hooks
except ImportError as exc:
    print(
        f"cannot run here: {exc.name} is not installed; in a clone of multichat: "
        "pip install '.[server]'",
        file=sys.stderr,
    )
    sys.exit(3)

DEMO: Final = Path(__file__).resolve().parents[1] / "demo.json"

ACCOUNTS: Final = tuple(
    {"username": name, "password": f"{name}-demo", "is_staff": name == "dave"}
    for name in ("alice", "bob", "carol", "dave")
)

# What target.toml states in [limits]. Waits, sizes and the number of rooms are smaller than what
# the server has by default: a test that goes to a limit should not take half a minute.
LIMITS: Final[dict[str, Any]] = {
    "max_rooms_per_connection": 8,
    "handshake_timeout": 2.0,
    "ping_interval": 0.5,
    "ping_timeout": 2.0,
    "close_timeout": 1.0,
    "shutdown_grace": 0.2,
    "directory_poll": 0.1,
    "stale_after": 0.5,
    "max_message_length": 8192,
    "max_frame_bytes": 262144,
    "outbox_bytes": 262144,
}


def main(arguments: list[str] | None = None) -> int:
    """Run until asked to stop, and return the exit status."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="multichat-reference-") as folder:
        return trio.run(_run, options, Path(folder))


def _parser() -> argparse.ArgumentParser:
    summary, _, rest = (__doc__ or "").strip().partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--port", type=_port, default=0, help="port on 127.0.0.1; 0 takes a free one (default)"
    )
    parser.add_argument(
        "--no-notices", action="store_true", help="switch ENTER and LEAVE notices off"
    )
    parser.add_argument(
        "--stop-at-eof", action="store_true", help="stop when standard input ends, too"
    )
    parser.add_argument(
        "--default-limits",
        action="store_true",
        help="keep the server's own limits and waits; target.toml then states other ones",
    )
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port (0 to 65535)")
    return int(text)


async def _run(options: argparse.Namespace, folder: Path) -> int:
    database = folder / "chat.sqlite3"
    # A run logs in some thirty times, with passwords that everybody knows.
    passwords = Passwords(memory_kib=64)
    settings = Settings(
        port=options.port,
        database_url=f"sqlite:///{database}",
        announce=not options.no_notices,
        **({} if options.default_limits else LIMITS),
    )
    with (
        trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals,
        Outage() as outage,
    ):
        async with trio.open_nursery() as nursery:
            try:
                serving: Serving = await nursery.start(
                    partial(serve, passwords=passwords), settings
                )
            except OSError as exc:
                reason = exc.strerror or exc
                print(f"error: port {options.port} cannot be used: {reason}", file=sys.stderr)
                return 1
            rooms = await _fill(serving)
            hooks = ReferenceHooks(serving, database, outage)
            url = await nursery.start(serve_hooks, hooks)
            ready = {
                "url": f"{serving.url}/",
                "websocket": serving.url.replace("http", "ws", 1) + STREAM_PATH,
                "hooks": url,
                "accounts": ACCOUNTS,
                "rooms": rooms,
            }
            print(json.dumps(ready), flush=True)
            if options.stop_at_eof:
                nursery.start_soon(_watch_input, nursery.cancel_scope)
            async for _ in signals:
                # Cancelling the server is asking it to stop: everybody gets 1012.
                nursery.cancel_scope.cancel()
    return 0


async def _fill(serving: Serving) -> list[dict[str, Any]]:
    """Make accounts and rooms; return the rooms."""
    store: Store = serving.store
    rooms: list[dict[str, Any]] = json.loads(DEMO.read_text(encoding="utf-8"))["rooms"]
    async with trio.open_nursery() as nursery:
        for account in ACCOUNTS:
            # Together, because each password takes a while to be hashed.
            nursery.start_soon(_add_account, store, account)
        for room in rooms:
            await store.add_room(room["title"], staff_only=room["staff_only"], room_id=room["id"])
    await serving.engine.refresh()
    return rooms


async def _add_account(store: Store, account: dict[str, Any]) -> None:
    await store.add_user(account["username"], account["password"], is_staff=account["is_staff"])


async def _watch_input(scope: trio.CancelScope) -> None:
    """Cancel at the end of standard input."""
    # Not sys.stdin, whose lock a thread left waiting would hold at the end of this process.
    while await trio.to_thread.run_sync(os.read, 0, 4096, abandon_on_cancel=True):
        pass
    scope.cancel()


if __name__ == "__main__":
    sys.exit(main())
