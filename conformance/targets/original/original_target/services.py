"""
The processes of one run, and the supervisor that starts, watches and ends them.

Redis on a socket file, then daphne and the workers (or all of Django in one process), each
in a session of its own so that a Ctrl-C in the terminal reaches only the supervisor. Where
the system can do it (Linux) they end with the supervisor even when that is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from launching.stopping import Stopping
from original_target.environment import clean_environment

__all__ = ["Plan", "ServiceFailed", "Services"]

# Settings up a process takes well under a second; a busy machine is given much more.
_START_SECONDS = 60.0
# An idle worker ends at once, a busy one after its message; daphne when its loop turns.
_END_SECONDS = 5.0


class ServiceFailed(Exception):
    """A process of this run ended or did not answer; the text is a sentence for the user."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    What to run.

    Attributes:
        python: The Python of the environment with the pins.
        redis_server: The Redis to start.
        app: The folder of the Django project.
        demo: The file with accounts and rooms.
        folder: An empty folder for database, socket and logs; the caller removes it.
        workers: How many worker processes; 0 runs everything in one process with four worker
            threads, as Django's ``runserver`` does.
        notices: Whether ENTER and LEAVE are sent.
        restart_after: How many seconds after its death a worker is started again; ``None``
            leaves it dead.

    """

    python: Path
    redis_server: Path
    app: Path
    demo: Path
    folder: Path
    workers: int = 1
    notices: bool = True
    restart_after: float | None = 3.0

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "database.sqlite3"

    @property
    def redis_socket(self) -> Path:
        """Where Redis listens."""
        return self.folder / "redis"


@dataclass
class Services:
    """
    The running processes.

    Attributes:
        plan: What is run.
        stopping: Ends every wait.
        environment: What the processes get as environment, beyond this program's own.

    """

    plan: Plan
    stopping: Stopping
    environment: Mapping[str, str] = field(init=False)
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environment = {
            "DJANGO_SETTINGS_MODULE": "multichat_original.settings",
            "MULTICHAT_ORIGINAL_DATABASE": str(self.plan.database),
            "MULTICHAT_ORIGINAL_REDIS": f"unix://{quote(str(self.plan.redis_socket))}?db=0",
            "MULTICHAT_ORIGINAL_SECRET_KEY": secrets.token_urlsafe(32),
            "MULTICHAT_ORIGINAL_NOTICES": "1" if self.plan.notices else "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            # What the recordings ran with, whatever the caller's locale says.
            "PYTHONIOENCODING": "utf-8",
        }

    @property
    def processes(self) -> dict[str, int]:
        """The process ids by name."""
        return {name: child.pid for name, child in self._children.items()}

    def start(self, listener: socket.socket) -> None:
        """
        Start everything and wait until the application answers.

        Args:
            listener: A listening socket; the caller closes its own copy afterwards.

        Raises:
            ServiceFailed: Something ended, or did not answer in a minute.
            Stopped: Somebody asked the program to stop.

        """
        deadline = time.monotonic() + _START_SECONDS
        redis = ["--port", "0", "--unixsocket", str(self.plan.redis_socket)]
        redis += ["--save", "", "--appendonly", "no", "--dir", str(self.plan.folder)]
        self._start("redis", [str(self.plan.redis_server), *redis])
        prepare = self._start("prepare", self._manage("prepare_demo", str(self.plan.demo)))
        self._watch_redis(deadline)
        if self.stopping.wait_for_end(prepare, deadline - time.monotonic()) != 0:
            raise self._failed("prepare", "the database could not be made")
        del self._children["prepare"]
        fd = str(listener.fileno())
        if self.plan.workers == 0:
            # The address is only printed: the socket is the inherited one.
            served = self._manage("run_threads", "--fd", fd, "127.0.0.1:8000")
            self._start("runserver", served, listener)
        else:
            entry = "import daphne.cli; daphne.cli.CommandLineInterface.entrypoint()"
            served = [str(self.plan.python), "-c", entry, "--fd", fd]
            self._start("daphne", [*served, "multichat_original.asgi:channel_layer"], listener)
            for number in range(1, self.plan.workers + 1):
                self._start_worker(f"worker-{number}")
        self._watch_answer(listener, deadline)

    def watch(self) -> None:
        """
        Keep the processes running until somebody asks to stop.

        Raises:
            ServiceFailed: A process ended that is not started again.
            Stopped: Somebody asked the program to stop.

        """
        due: dict[str, float | None] = {}
        while True:
            now = time.monotonic()
            for name in self._dead():
                if not name.startswith("worker-"):
                    raise self._failed(name, f"{name} ended")
                if name not in due:
                    due[name] = self._restart_time(name, now)
            for name in [name for name, when in due.items() if when is not None and when <= now]:
                del due[name]
                self._start_worker(name)
            next_time = min((when for when in due.values() if when is not None), default=None)
            self.stopping.wait(None if next_time is None else max(0.0, next_time - now))

    def _restart_time(self, name: str, now: float) -> float | None:
        delay = self.plan.restart_after
        then = "stays dead" if delay is None else f"is started again in {delay:g} s"
        print(f"{name} died and {then}", file=sys.stderr, flush=True)
        return None if delay is None else now + delay

    def end(self) -> None:
        """End everything, Redis last; kill what does not end in time."""
        children = list(self._children.items())
        last = [item for item in children if item[0] == "redis"]
        for group in ([item for item in children if item not in last], last):
            for _, child in group:
                if child.poll() is None:
                    child.terminate()
            deadline = time.monotonic() + _END_SECONDS
            for _, child in group:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(max(0.0, deadline - time.monotonic()))
                # Its session holds nothing else; but what is left in it must not stay.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()

    def log(self, name: str) -> Path:
        """Return the file that holds what a process printed."""
        return self.plan.folder / f"{name}.log"

    def _manage(self, *arguments: str) -> list[str]:
        return [str(self.plan.python), str(self.plan.app / "manage.py"), *arguments]

    def _start_worker(self, name: str) -> None:
        self._start(name, self._manage("runworker"))

    def _start(
        self, name: str, command: list[str], listener: socket.socket | None = None
    ) -> subprocess.Popen[bytes]:
        with self.log(name).open("ab") as log:
            child = subprocess.Popen(
                command,
                cwd=self.plan.app,
                env={**clean_environment(), **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=() if listener is None else (listener.fileno(),),
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509  # this program has one thread
            )
        self._children[name] = child
        return child

    def _dead(self) -> list[str]:
        return [name for name, child in self._children.items() if child.poll() is not None]

    def _watch_redis(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            with socket.socket(socket.AF_UNIX) as probe:
                try:
                    probe.connect(str(self.plan.redis_socket))
                except OSError:
                    # It says nothing when it is ready; this is a few tens of milliseconds.
                    self.stopping.wait(0.02)
                else:
                    return
            if "redis" in self._dead():
                raise self._failed("redis", "redis-server ended")
        raise self._failed("redis", "redis-server did not start in time")

    def _watch_answer(self, listener: socket.socket, deadline: float) -> None:
        """Ask for a page: the answer comes through the server, Redis and a worker."""
        host, port = listener.getsockname()[:2]
        listener.close()
        request = f"GET /accounts/login/ HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n"
        with socket.create_connection((host, port), timeout=_START_SECONDS) as connection:
            connection.sendall(request.encode())
            while not self.stopping.wait(max(0.0, deadline - time.monotonic()), connection):
                for name in self._dead():
                    raise self._failed(name, f"{name} ended while starting")
                if time.monotonic() >= deadline:
                    raise self._failed("daphne", "the application did not answer in time")
            answer = connection.recv(4096)
        if b" 200 " not in answer.partition(b"\r\n")[0]:
            raise self._failed("worker-1", f"the log-in page answered {answer[:60]!r}")

    def _failed(self, name: str, sentence: str) -> ServiceFailed:
        log = self.log(name)
        said = log.read_text(errors="replace").strip()[-2000:] if log.exists() else ""
        return ServiceFailed(f"{sentence}; its last words:\n{said}" if said else sentence)


_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _end_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
