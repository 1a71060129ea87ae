"""
What both Django targets are made of: Redis, the server, and one process for the hooks.

That process prepares the database first, and stays to change it when a hook is pulled; what it
reads and answers is described at ``serve_hooks`` in ``django_apps/target_hooks/``.
"""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from launching.hooks import Arguments, HookFailed, HookListener, room_id
from launching.processes import Processes
from launching.stopping import Stopping

__all__ = ["DjangoServices", "Plan"]

# Settings up a process takes well under a second; a busy machine is given much more.
_START_SECONDS = 60.0
# A hook takes milliseconds; one that hashes a password some hundred.
_HOOK_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    What to run.

    Attributes:
        python: The Python of the environment with the pins.
        redis_server: The Redis to start.
        app: The folder of the Django project.
        settings: The name of its settings module.
        shared: The folder of the Django applications that all such targets have.
        demo: The file with accounts and rooms.
        folder: An empty folder for database, socket and logs; the caller removes it.
        notices: Whether ENTER and LEAVE are sent.

    """

    python: Path
    redis_server: Path
    app: Path
    settings: str
    shared: Path
    demo: Path
    folder: Path
    notices: bool = True

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "database.sqlite3"

    @property
    def database_away(self) -> Path:
        """Where it is while a hook keeps it away."""
        return self.folder / "database.away"

    @property
    def redis_socket(self) -> Path:
        """Where Redis listens."""
        return self.folder / "redis"

    def manage(self, *arguments: str) -> list[str]:
        """Return a ``manage.py`` command line."""
        return [str(self.python), str(self.app / "manage.py"), *arguments]


@dataclass
class DjangoServices(ABC):
    """
    The running processes of a target.

    Attributes:
        plan: What is run.
        stopping: Ends every wait.
        processes: The processes.

    """

    plan: Plan
    stopping: Stopping
    processes: Processes = field(init=False)
    _hooks: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        plan = self.plan
        self.processes = Processes(
            plan.folder,
            {
                "DJANGO_SETTINGS_MODULE": plan.settings,
                "MULTICHAT_TARGET_DATABASE": str(plan.database),
                "MULTICHAT_TARGET_REDIS": f"unix://{quote(str(plan.redis_socket))}?db=0",
                "MULTICHAT_TARGET_SECRET_KEY": secrets.token_urlsafe(32),
                "MULTICHAT_TARGET_NOTICES": "1" if plan.notices else "0",
                "PYTHONPATH": str(plan.shared),
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONUNBUFFERED": "1",
                # What the recordings ran with, whatever the caller's locale says.
                "PYTHONIOENCODING": "utf-8",
            },
        )

    @abstractmethod
    def serve(self, listener: socket.socket) -> str:
        """Start the server on a listening socket, and return the name of what answers."""

    def tend(self) -> float | None:
        """
        Look after processes that have ended, and return when to look again, in seconds.

        Returns:
            ``None``: not before another one ends.

        Raises:
            ServiceFailed: A process ended that is not started again.

        """
        for name in self.processes.dead:
            raise self.processes.failed(name, f"{name} ended")
        return None

    def start(self, listener: socket.socket) -> None:
        """
        Start everything and wait until the application answers.

        Args:
            listener: A listening socket; it is closed here, the server having its own copy.

        Raises:
            ServiceFailed: Something ended, or did not answer in a minute.
            Stopped: Somebody asked the program to stop.

        """
        deadline = time.monotonic() + _START_SECONDS
        redis = ["--port", "0", "--unixsocket", str(self.plan.redis_socket)]
        redis += ["--save", "", "--appendonly", "no", "--dir", str(self.plan.folder)]
        self.start_process("redis", [str(self.plan.redis_server), *redis])
        prepare = self.plan.manage("serve_hooks", str(self.plan.demo))
        self._hooks = self.start_process("hooks", prepare, talks=True)
        self._watch_redis(deadline)
        self._hear(deadline, "the database could not be made")
        self._watch_answer(self.serve(listener), listener, deadline)

    def start_process(
        self,
        name: str,
        command: list[str],
        *,
        listener: socket.socket | None = None,
        talks: bool = False,
    ) -> subprocess.Popen[bytes]:
        """Start a process in the application's folder; see :meth:`Processes.start`."""
        return self.processes.start(
            name, command, folder=self.plan.app, listener=listener, talks=talks
        )

    def watch(self, hooks: HookListener) -> None:
        """
        Answer hooks, and keep the processes running, until somebody asks to stop.

        Raises:
            ServiceFailed: A process ended that is not started again.
            Stopped: Somebody asked the program to stop.

        """
        while True:
            if self.stopping.wait(self.tend(), hooks):
                hooks.answer()

    def pull(self, name: str, arguments: Arguments) -> Mapping[str, object]:
        """
        Pull a hook.

        Raises:
            HookFailed: It cannot be done.
            ServiceFailed: The process that does it has ended or does not answer.
            Stopped: Somebody asked the program to stop.

        """
        if name == "store_away":
            return self._take_store_away()
        if name == "store_back":
            return self._bring_store_back()
        if "room" in arguments:
            room_id(str(arguments["room"]))
        pipe = self._hooks.stdin
        if pipe is None:
            raise self.processes.failed("hooks", "there is no process for the hooks")
        pipe.write(json.dumps({"hook": name, "arguments": arguments}).encode() + b"\n")
        answer = self._hear(time.monotonic() + _HOOK_SECONDS, f"{name} was not answered")
        if "failed" in answer:
            raise HookFailed(answer["failed"], HTTPStatus(answer["status"]))
        result: dict[str, object] = answer["result"]
        return result

    def _take_store_away(self) -> dict[str, object]:
        # A folder in its place: opening it fails, and nobody makes a new file.
        if not self.plan.database_away.exists():
            self.plan.database.rename(self.plan.database_away)
            self.plan.database.mkdir()
        return {}

    def _bring_store_back(self) -> dict[str, object]:
        if self.plan.database_away.exists():
            self.plan.database.rmdir()
            self.plan.database_away.rename(self.plan.database)
        return {}

    def _hear(self, deadline: float, problem: str) -> dict[str, Any]:
        """Return the line that the process for the hooks says next."""
        pipe = self._hooks.stdout
        line = b""
        while pipe is not None and not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0:
                raise self.processes.failed("hooks", f"{problem} in time")
            if self.stopping.wait(left, pipe):
                part = pipe.read(65_536)
                if not part:
                    self._hooks.wait()
                    raise self.processes.failed("hooks", problem)
                line += part
        answer: dict[str, Any] = json.loads(line)
        return answer

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
            if "redis" in self.processes.dead:
                raise self.processes.failed("redis", "redis-server ended")
        raise self.processes.failed("redis", "redis-server did not start in time")

    def _watch_answer(self, server: str, listener: socket.socket, deadline: float) -> None:
        """Ask for a page: the answer comes through everything there is."""
        host, port = listener.getsockname()[:2]
        listener.close()
        request = f"GET /accounts/login/ HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n"
        with socket.create_connection((host, port), timeout=_START_SECONDS) as connection:
            connection.sendall(request.encode())
            while not self.stopping.wait(max(0.0, deadline - time.monotonic()), connection):
                for name in self.processes.dead:
                    raise self.processes.failed(name, f"{name} ended while starting")
                if time.monotonic() >= deadline:
                    raise self.processes.failed(server, "the application did not answer in time")
            answer = connection.recv(4096)
        if b" 200 " not in answer.partition(b"\r\n")[0]:
            raise self.processes.failed(server, f"the log-in page answered {answer[:60]!r}")
