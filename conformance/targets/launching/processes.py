"""
The processes of one run: started, watched, ended.

Each is in a session of its own, so that a Ctrl-C in the terminal reaches only this program.
Where the system can do it (Linux) they end with this program even when it is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from launching.environment import clean_environment

__all__ = ["Processes", "ServiceFailed"]

# An idle worker ends at once, a busy one after its message; daphne when its loop turns.
_END_SECONDS = 5.0


class ServiceFailed(Exception):
    """A process of this run ended or did not answer; the text is a sentence for the user."""


@dataclass
class Processes:
    """
    The running processes by name.

    Attributes:
        folder: Where their logs go.
        environment: What they get as environment, beyond this program's own.

    """

    folder: Path
    environment: Mapping[str, str]
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def ids(self) -> dict[str, int]:
        """The process ids by name."""
        return {name: child.pid for name, child in self._children.items()}

    @property
    def dead(self) -> list[str]:
        """The names of those that have ended."""
        return [name for name, child in self._children.items() if child.poll() is not None]

    def start(
        self,
        name: str,
        command: list[str],
        *,
        folder: Path | None = None,
        listener: socket.socket | None = None,
        talks: bool = False,
    ) -> subprocess.Popen[bytes]:
        """
        Start a process, in the place of a dead one of that name if there is one.

        Args:
            name: What it is called here and in the name of its log.
            command: Its command line.
            folder: Where it runs; ``None`` is where this program does.
            listener: A socket that it inherits.
            talks: Whether its standard input and output are pipes; else the output is logged.

        """
        with self.log(name).open("ab") as log:
            child = subprocess.Popen(
                command,
                bufsize=0,
                cwd=folder,
                env={**clean_environment(), **self.environment},
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else log,
                stderr=log,
                pass_fds=() if listener is None else (listener.fileno(),),
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509  # this program has one thread
            )
        self._children[name] = child
        return child

    def end(self) -> None:
        """End everything, what was started first last; kill what does not end in time."""
        children = list(self._children.values())
        # The first one is what the others talk to while they end.
        for group in (children[1:], children[:1]):
            for child in group:
                if child.poll() is None:
                    child.terminate()
            deadline = time.monotonic() + _END_SECONDS
            for child in group:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(max(0.0, deadline - time.monotonic()))
                # Its session holds nothing else; but what is left in it must not stay.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
                for pipe in (child.stdin, child.stdout):
                    if pipe is not None:
                        pipe.close()

    def log(self, name: str) -> Path:
        """Return the file that holds what a process printed."""
        return self.folder / f"{name}.log"

    def failed(self, name: str, sentence: str) -> ServiceFailed:
        """Return what to raise for a process that ended or does not answer."""
        log = self.log(name)
        said = log.read_text(errors="replace").strip()[-2000:] if log.exists() else ""
        return ServiceFailed(f"{sentence}; its last words:\n{said}" if said else sentence)


_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _end_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
