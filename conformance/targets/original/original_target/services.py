"""
The processes of the 2016 application: daphne and its workers, or all of Django in one process.

A worker that dies can be started again, as whoever ran the recordings did it.
"""

from __future__ import annotations

import socket
import sys
import time
from dataclasses import dataclass, field

from launching.django import DjangoServices

__all__ = ["OriginalServices"]


@dataclass
class OriginalServices(DjangoServices):
    """
    The running processes.

    Attributes:
        workers: How many worker processes; 0 runs everything in one process with four worker
            threads, as Django's ``runserver`` does.
        pings: After how many idle seconds daphne sends a ping, and how many more a client has
            to answer it.
        restart_after: How many seconds after its death a worker is started again; ``None``
            leaves it dead.

    """

    workers: int = 1
    pings: tuple[int, int] = (20, 30)
    restart_after: float | None = 3.0
    _due: dict[str, float | None] = field(default_factory=dict)

    def serve(self, listener: socket.socket) -> str:
        """Start what serves, and the workers."""
        interval, timeout = map(str, self.pings)
        how = ["--fd", str(listener.fileno())]
        how += ["--ping-interval", interval, "--ping-timeout", timeout]
        if self.workers == 0:
            # The address is only printed: the socket is the inherited one.
            served = self.plan.manage("run_threads", *how, "127.0.0.1:8000")
            self.start_process("runserver", served, listener=listener)
            return "runserver"
        entry = "import daphne.cli; daphne.cli.CommandLineInterface.entrypoint()"
        served = [str(self.plan.python), "-c", entry, *how]
        served.append("multichat_original.asgi:channel_layer")
        self.start_process("daphne", served, listener=listener)
        for number in range(1, self.workers + 1):
            self._start_worker(f"worker-{number}")
        return "daphne"

    def tend(self) -> float | None:
        """Start dead workers again when it is time."""
        now = time.monotonic()
        for name in self.processes.dead:
            if not name.startswith("worker-"):
                raise self.processes.failed(name, f"{name} ended")
            if name not in self._due:
                self._due[name] = self._restart_time(name, now)
        for name, when in list(self._due.items()):
            if when is not None and when <= now:
                del self._due[name]
                self._start_worker(name)
        next_time = min((when for when in self._due.values() if when is not None), default=None)
        return None if next_time is None else max(0.0, next_time - now)

    def _restart_time(self, name: str, now: float) -> float | None:
        delay = self.restart_after
        then = "stays dead" if delay is None else f"is started again in {delay:g} s"
        print(f"{name} died and {then}", file=sys.stderr, flush=True)
        return None if delay is None else now + delay

    def _start_worker(self, name: str) -> None:
        self.start_process(name, self.plan.manage("runworker"))
