"""
Runs the stand-in of the 2016 application, the original of this protocol.

Prints one line of JSON on standard output when the application answers: its addresses,
accounts and rooms. Everything else goes to standard error. Runs until SIGTERM, SIGINT or
SIGHUP, and leaves nothing running and no file but the cached environment.

Exit status: 0 stopped as asked, 1 a process failed, 2 wrong usage, 3 cannot run here.
"""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Where the package `launching` is, which the targets share.
sys.path.insert(0, str(HERE.parent))

from launching.command import APPS, DEMO, add_pings, cache, make_parser, run, serve
from launching.django import Plan
from launching.environment import Pins, find_redis_server, prepare_environment
from launching.stopping import Stopping
from original_target.python36 import find_python36, is_python36
from original_target.services import OriginalServices


def main(arguments: list[str] | None = None) -> int:
    """Run until asked to stop, and return the exit status."""
    options = _parser().parse_args(arguments)
    return run(options, partial(_run, options))


def _parser() -> argparse.ArgumentParser:
    parser = make_parser(__doc__)
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--workers", type=_workers, default=1, metavar="N", help="worker processes (default: 1)"
    )
    how.add_argument(
        "--runserver",
        action="store_true",
        help="one process with four worker threads, as Django's runserver",
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
    add_pings(parser)
    return parser


def _workers(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of workers (1 to 64)")
    return int(text)


def _run(options: argparse.Namespace, stopping: Stopping) -> None:
    pins = Pins(
        name="original",
        python=find_python36(os.environ),
        files=(HERE / "requirements-build.txt", HERE / "requirements.txt"),
        works=is_python36,
        needs="Python 3.6",
    )
    redis_server = find_redis_server()
    python = prepare_environment(pins, cache(options), stopping)
    if options.set_up_only:
        return

    def make_services(folder: Path) -> OriginalServices:
        plan = Plan(
            python=python,
            redis_server=redis_server,
            app=HERE / "app",
            settings="multichat_original.settings",
            shared=APPS,
            demo=DEMO,
            folder=folder,
            notices=not options.no_notices,
        )
        return OriginalServices(
            plan,
            stopping,
            pings=(options.ping_interval, options.ping_timeout),
            workers=0 if options.runserver else options.workers,
            restart_after=None if options.no_restart else options.restart_after,
        )

    serve(options, "original", make_services)


if __name__ == "__main__":
    sys.exit(main())
