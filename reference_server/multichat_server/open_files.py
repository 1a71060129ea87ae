"""
Room for open files: a process may have fewer than the connections it is set to take.

Many systems start a process with a soft limit of 1,024 open files and a far higher hard one, up
to which it may help itself. Where none is left, strangers' connections must not fill the log, too.
"""

import logging
import resource
import time
from collections.abc import Callable
from typing import Final

__all__ = ["allow_connections", "log_full_seldom"]

OTHER_FILES: Final = 128
"""Open files besides connections: listeners, the database, and those that are being refused."""


SECONDS_BETWEEN_LINES: Final = 60.0
"""How long nothing more is said of it in the log."""


def allow_connections(connections: int) -> int:
    """
    Raise this process's limit of open files as far as needed and allowed.

    It is the process's limit, so this is for whoever owns the process to call, not for the
    server within it.

    Args:
        connections: How many connections there should be room for.

    Returns:
        How many of them there is room for; fewer, where the system's hard limit is in the way.

    """
    wanted = connections + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return connections
    return min(connections, max(soft - OTHER_FILES, 0))


def log_full_seldom(*, clock: Callable[[], float] = time.monotonic) -> None:
    """
    Have a process without a file left for the next connection say so once a minute, on one line.

    Trio says it ten times a second for as long as it lasts, each time with a traceback. As above,
    this is for whoever owns the process to call.

    Args:
        clock: Tells the time in seconds; it does not run backwards.

    """
    next_at = clock()

    def may_pass(record: logging.LogRecord) -> bool:
        nonlocal next_at
        if clock() < next_at:
            return False
        next_at = clock() + SECONDS_BETWEEN_LINES
        record.exc_info = None
        return True

    logging.getLogger("trio.serve_listeners").addFilter(may_pass)
