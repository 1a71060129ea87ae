"""What ``serve`` does once its settings are read."""

import dataclasses
import os
import secrets
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

import trio

from multichat_cli import running
from multichat_cli.exit_codes import CommandFailed, ExitCode
from multichat_cli.output import Output
from multichat_cli.running import Interruption
from multichat_proto.exceptions import StoreUnavailable
from multichat_proto.failures import failure_reason
from multichat_proto.handshake import STREAM_PATH
from multichat_server.config import Settings
from multichat_server.open_files import allow_connections, log_full_seldom
from multichat_server.passwords import Passwords
from multichat_server.server import Serving, serve
from multichat_server.storage import Store, StoreError
from multichat_server.storage.database import shown_url

__all__ = ["run"]

DEMO_USERS: Final = (
    ("alice", False),
    ("bob", False),
    ("carol", False),
    ("dave", True),
    ("admin", True),
)
DEMO_ROOMS: Final = (("Lobby", False), ("Tea kitchen", False), ("Staff room", True))


def run(settings: Settings, *, is_demo: bool, as_json: bool) -> None:
    """
    Serve until a signal comes, and exit.

    Raises:
        typer.Exit: Always.

    """
    output = Output(as_json=as_json)
    log_full_seldom()
    room = allow_connections(settings.max_connections)
    if room < settings.max_connections:
        output.talk(
            f"the system's limit of open files leaves room for {room} connections, "
            f"not for {settings.max_connections}: raise it (ulimit -n), or lower max_connections"
        )
    if not is_demo:
        running.run(output, partial(_serve, settings, output, None))
    with tempfile.TemporaryDirectory(prefix="multichat-demo-") as folder:
        file = Path(folder) / "demo.sqlite3"
        settings = dataclasses.replace(settings, database_url=f"sqlite:///{file}")
        running.run(output, partial(_serve, settings, output, folder))


async def _serve(
    settings: Settings, output: Output, demo_folder: str | None, interruption: Interruption
) -> ExitCode:
    if demo_folder is not None:
        interruption.clean_up = partial(shutil.rmtree, demo_folder, ignore_errors=True)
    failure: CommandFailed | None = None
    async with trio.open_nursery() as nursery:
        try:
            passwords = await _fill(settings, output) if demo_folder is not None else {}
            try:
                serving: Serving = await nursery.start(serve, settings)
            except OSError as exc:
                place = f"{settings.host} port {settings.port}"
                raise CommandFailed(
                    ExitCode.ERROR, f"cannot listen on {place}: {failure_reason(exc)}"
                ) from exc
            with trio.CancelScope() as interruption.patient:
                _announce(serving, settings, output, passwords)
                await trio.sleep_forever()
            serving.stop()
        except StoreError as exc:
            failure = CommandFailed(ExitCode.USAGE, str(exc))
        except StoreUnavailable as exc:
            failure = CommandFailed(ExitCode.ERROR, str(exc))
        except CommandFailed as exc:
            failure = exc
            nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure
    output.show({"event": "stopped"})
    output.talk("stopped")
    # It was told to stop, and did: for a server that is success.
    interruption.signal = None
    return ExitCode.OK


async def _fill(settings: Settings, output: Output) -> dict[str, str]:
    """Make the accounts and rooms of the demo; return the passwords, new each time."""
    passwords = {name: secrets.token_urlsafe(6) for name, _ in DEMO_USERS}
    async with Store.open(
        settings.database_url, passwords=Passwords(threads=settings.password_threads)
    ) as store:
        for name, is_staff in DEMO_USERS:
            await store.add_user(name, passwords[name], is_staff=is_staff)
        for title, staff_only in DEMO_ROOMS:
            await store.add_room(title, staff_only=staff_only)
        for user in await store.users():
            output.show(
                {
                    "event": "account",
                    "username": user.username,
                    "password": passwords[user.username],
                    "is_staff": user.is_staff,
                }
            )
        for room in sorted(await store.rooms(), key=lambda room: room.id):
            output.show(
                {
                    "event": "room",
                    "id": room.id,
                    "title": room.title,
                    "staff_only": room.staff_only,
                }
            )
    return passwords


def _announce(
    serving: Serving, settings: Settings, output: Output, passwords: dict[str, str]
) -> None:
    stream_url = serving.url.replace("http", "ws", 1) + STREAM_PATH
    output.show(
        {
            "event": "listening",
            "url": f"{serving.url}/",
            "stream_url": stream_url,
            "database_url": shown_url(settings.database_url),
            "pid": os.getpid(),
        }
    )
    if not passwords:
        return
    url = "" if serving.address[1] == 8000 else f" --url {serving.address[0]}:{serving.address[1]}"
    for line in (
        "",
        f"Try in a browser: {serving.url}/ as alice; dave is staff and finds the admin there.",
        "",
        "Try in another terminal:",
        f"  MULTICHAT_PASSWORD={passwords['alice']} multichat join 1 --user alice{url}",
        f"  MULTICHAT_PASSWORD={passwords['bob']} multichat join 1 --user bob{url}",
        f"  MULTICHAT_PASSWORD={passwords['dave']} multichat join 3 --user dave{url}",
        f"  multichat admin room list --database-url {settings.database_url}",
        "",
        "Ctrl-C stops the server; users, rooms and passwords are gone then.",
    ):
        output.data(line)
