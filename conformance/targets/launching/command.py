"""
The command line that the Django targets have in common, and the frame of their runs.

Each ends with 0 stopped as asked, 1 a process failed, 2 wrong usage, 3 cannot run here.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from launching.django import DjangoServices
from launching.environment import cache_folder
from launching.hooks import HOOKS, HookListener
from launching.processes import ServiceFailed
from launching.stopping import CannotRun, Stopped, Stopping

__all__ = ["APPS", "DEMO", "add_pings", "cache", "make_parser", "run", "serve"]

#: The accounts and rooms of every target.
DEMO = Path(__file__).resolve().parents[1] / "demo.json"
#: The Django applications that all such targets have.
APPS = Path(__file__).resolve().parents[1] / "django_apps"


def make_parser(documentation: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that all targets have, described by a docstring."""
    summary, _, rest = (documentation or "").strip().partition("\n\n")
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
        "--cache", type=Path, metavar="FOLDER", help="where the environment is kept between runs"
    )
    parser.add_argument(
        "--set-up-only", action="store_true", help="build the environment, if need be, and end"
    )
    parser.add_argument(
        "--stop-at-eof", action="store_true", help="stop when standard input ends, too"
    )
    return parser


def add_pings(parser: argparse.ArgumentParser) -> None:
    """Add what daphne can be told about its pings."""
    parser.add_argument(
        "--ping-interval",
        type=int,
        default=20,
        metavar="SECONDS",
        help="idle time before daphne sends a ping (default: 20)",
    )
    parser.add_argument(
        "--ping-timeout",
        type=int,
        default=30,
        metavar="SECONDS",
        help="time after which daphne cuts off who does not answer it (default: 30)",
    )


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port (0 to 65535)")
    return int(text)


def cache(options: argparse.Namespace) -> Path:
    """Return where environments are kept."""
    folder: Path = options.cache or cache_folder(os.environ)
    return folder


def run(options: argparse.Namespace, body: Callable[[Stopping], None]) -> int:
    """Run a target until it is asked to stop or cannot go on, and return the exit status."""
    try:
        with Stopping(at_eof=options.stop_at_eof) as stopping:
            body(stopping)
    except Stopped:
        return 0
    except CannotRun as reason:
        print(f"cannot run here: {reason}", file=sys.stderr)
        return 3
    except ServiceFailed as reason:
        print(f"error: {reason}", file=sys.stderr)
        return 1
    return 0


def serve(
    options: argparse.Namespace, name: str, make_services: Callable[[Path], DjangoServices]
) -> None:
    """
    Start a target, print its ready line, and keep it running.

    Args:
        options: The command line.
        name: What its temporary folder is called.
        make_services: Makes the services for a temporary folder.

    Raises:
        ServiceFailed: Something ended or did not answer.
        Stopped: Somebody asked the program to stop.

    """
    with (
        socket.socket() as listener,
        tempfile.TemporaryDirectory(prefix=f"multichat-{name}-") as folder,
    ):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", options.port))
        except OSError as error:
            raise ServiceFailed(f"port {options.port} cannot be used: {error.strerror}") from error
        listener.listen(100)
        # Twisted accepts until there is nothing left, and would block there.
        listener.setblocking(False)
        host, port = listener.getsockname()
        services = make_services(Path(folder))
        plan = services.plan
        try:
            services.start(listener)
            with HookListener(services.pull, HOOKS) as hooks:
                ready = {
                    "url": f"http://{host}:{port}/",
                    "websocket": f"ws://{host}:{port}/chat/stream/",
                    "hooks": hooks.url,
                    **json.loads(plan.demo.read_text(encoding="utf-8")),
                    "database": str(plan.database),
                    "manage": plan.manage(),
                    "environment": services.processes.environment,
                    "processes": services.processes.ids,
                    "logs": folder,
                }
                print(json.dumps(ready), flush=True)
                services.watch(hooks)
        finally:
            services.processes.end()
