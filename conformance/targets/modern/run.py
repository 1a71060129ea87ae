"""
Runs the application of the original on today's Django, Channels and Daphne.

Prints one line of JSON on standard output when the application answers: its addresses,
accounts and rooms. Everything else goes to standard error. Runs until SIGTERM, SIGINT or
SIGHUP, and leaves nothing running and no file but the cached environment.

Exit status: 0 stopped as asked, 1 a process failed, 2 wrong usage, 3 cannot run here.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Where the package `launching` is, which the targets share.
sys.path.insert(0, str(HERE.parent))

from launching.command import APPS, DEMO, add_pings, cache, make_parser, run, serve
from launching.django import Plan
from launching.environment import (
    Pins,
    clean_environment,
    find_redis_server,
    prepare_environment,
)
from launching.stopping import Stopping
from modern_target.services import ModernServices


def main(arguments: list[str] | None = None) -> int:
    """Run until asked to stop, and return the exit status."""
    parser = make_parser(__doc__)
    add_pings(parser)
    options = parser.parse_args(arguments)
    return run(options, partial(_run, options))


def _run(options: argparse.Namespace, stopping: Stopping) -> None:
    pins = Pins(
        name="modern",
        python=Path(sys.executable),
        files=(HERE / "requirements.txt",),
        works=_works,
        needs="today's Django and Channels",
    )
    redis_server = find_redis_server()
    python = prepare_environment(pins, cache(options), stopping)
    if options.set_up_only:
        return

    def make_services(folder: Path) -> ModernServices:
        plan = Plan(
            python=python,
            redis_server=redis_server,
            app=HERE / "app",
            settings="multichat_modern.settings",
            shared=APPS,
            demo=DEMO,
            folder=folder,
            notices=not options.no_notices,
        )
        return ModernServices(plan, stopping, pings=(options.ping_interval, options.ping_timeout))

    serve(options, "modern", make_services)


def _works(python: Path) -> bool:
    """Say whether the environment is still there and its Python, too."""
    try:
        done = subprocess.run([python, "-c", ""], env=clean_environment(), timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
