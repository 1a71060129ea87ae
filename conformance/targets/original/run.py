"""
Runs the stand-in of the 2016 application, the original of this protocol.

Prints one line of JSON on standard output when the application answers: its addresses,
accounts and rooms. Everything else goes to standard error. Runs until SIGTERM, SIGINT or
SIGHUP, and leaves nothing running and no file but the cached environment.

Exit status: 0 stopped as asked, 1 a process failed, 2 wrong usage, 3 cannot run here.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import tempfile
from pathlib import Path

# Beside this folder: what the targets share.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from launching.stopping import CannotRun, Stopped, Stopping
from original_target.environment import (
    cache_folder,
    find_python36,
    find_redis_server,
    prepare_environment,
)
from original_target.services import Plan, ServiceFailed, Services

HERE = Path(__file__).resolve().parent


def main(arguments: list[str] | None = None) -> int:
    """Run until asked to stop, and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        with Stopping(at_eof=options.stop_at_eof) as stopping:
            _run(options, stopping)
    except Stopped:
        return 0
    except CannotRun as reason:
        print(f"cannot run here: {reason}", file=sys.stderr)
        return 3
    except ServiceFailed as reason:
        print(f"error: {reason}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    summary, _, rest = (__doc__ or "").strip().partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--port", type=_port, default=0, help="port on 127.0.0.1; 0 takes a free one (default)"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--workers", type=_workers, default=1, metavar="N", help="worker processes (default: 1)"
    )
    how.add_argument(
        "--runserver",
        action="store_true",
        help="one process with four worker threads, as Django's runserver",
    )
    parser.add_argument(
        "--no-notices", action="store_true", help="switch ENTER and LEAVE notices off"
    )
    restart = parser.add_mutually_exclusive_group()
    restart.add_argument(
        "--restart-after",
        type=float,
        default=3.0,
        metavar="SECONDS",
        help="start a dead worker again after this time (default: 3)",
    )
    restart.add_argument(
        "--no-restart", action="store_true", help="leave a dead worker dead, as the original does"
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


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port (0 to 65535)")
    return int(text)


def _workers(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of workers (1 to 64)")
    return int(text)


def _run(options: argparse.Namespace, stopping: Stopping) -> None:
    python36 = find_python36(os.environ)
    redis_server = find_redis_server()
    cache = options.cache or cache_folder(os.environ)
    python = prepare_environment(python36, HERE, cache, stopping)
    if options.set_up_only:
        return
    with (
        socket.socket() as listener,
        tempfile.TemporaryDirectory(prefix="multichat-original-") as folder,
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
        plan = Plan(
            python=python,
            redis_server=redis_server,
            app=HERE / "app",
            demo=HERE.parent / "demo.json",
            folder=Path(folder),
            workers=0 if options.runserver else options.workers,
            notices=not options.no_notices,
            restart_after=None if options.no_restart else options.restart_after,
        )
        services = Services(plan, stopping)
        try:
            services.start(listener)
            ready = {
                "url": f"http://{host}:{port}/",
                "websocket": f"ws://{host}:{port}/chat/stream/",
                **json.loads(plan.demo.read_text(encoding="utf-8")),
                "database": str(plan.database),
                "manage": [str(python), str(plan.app / "manage.py")],
                "environment": services.environment,
                "processes": services.processes,
                "logs": folder,
            }
            print(json.dumps(ready), flush=True)
            services.watch()
        finally:
            services.end()


if __name__ == "__main__":
    sys.exit(main())
