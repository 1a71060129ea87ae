"""A target that the suite starts, stops and starts again."""

import json
import os
import signal
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from queue import Empty, Queue
from time import monotonic
from typing import IO, Final

from multichat_conformance.findings import NotTested
from multichat_conformance.target.address import address
from multichat_conformance.target.file import filled_in, free_port, ready_values, wrong_url
from multichat_conformance.target.model import Hooks, Target

__all__ = ["TargetProcess", "launched", "placed"]

_LAST_WORDS: Final = 20
_LAST_WORDS_WITHIN: Final = 1.0
_KILL_AFTER: Final = 10.0
"""Seconds that a target may take to end after SIGTERM."""


def placed(target: Target, values: Mapping[str, str]) -> Target:
    """Return a target with the names in braces replaced that are known by now."""
    hooks = target.hooks
    return replace(
        target,
        url=filled_in(target.url, values),
        origin=filled_in(target.origin, values) if target.origin else None,
        hooks=Hooks(
            filled_in(hooks.url, values),
            hooks.offers,
            {
                name: tuple(filled_in(word, values) for word in line)
                for name, line in hooks.commands.items()
            },
        ),
    )


class TargetProcess:
    """
    The process of a target with a ``start`` table.

    Args:
        target: As its file has it.

    Attributes:
        target: With the names in braces filled in, once it is started.

    """

    def __init__(self, target: Target) -> None:
        if target.start is None:
            raise ValueError("the target has no start command")
        self._described = target
        self._start = target.start
        self._port = free_port()
        self._process: subprocess.Popen[str] | None = None
        self._launched = False
        self._readers: list[threading.Thread] = []
        self._last_words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._ready: Queue[dict[str, str] | None] = Queue()
        self.target = placed(target, ready_values(self._port))

    @property
    def runs(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def ends_within(self, seconds: float) -> bool:
        """Return whether the process has ended, or does so in so many seconds."""
        if self._process is not None:
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                return False
        return True

    def start(self) -> Target:
        """
        Start it, wait until it is ready, and return the target as it can be reached.

        One that was launched just now is only waited for.

        Raises:
            NotTested: It does not start, ends at once, or is not ready in time.

        """
        if not self._launched:
            self.launch()
        self._launched = False
        try:
            values = ready_values(self._port)
            if self._start.ready == "json":
                values |= self._ready_line()
            self.target = placed(self._described, values)
            if wrong := wrong_url(self.target.url):
                raise NotTested(f"the target's ready line makes no address: {wrong}")
            if self._start.ready == "connect":
                self._connectable()
        except BaseException:
            self.stop()
            raise
        return self.target

    def launch(self) -> None:
        """
        Start it, and do not wait until it is ready; :meth:`start` does.

        Raises:
            NotTested: There is no such program, or it must not be run.

        """
        # What is left of one that has died.
        self.stop()
        values = ready_values(self._port)
        command = [filled_in(word, values) for word in self._start.command]
        file = self._described.file
        self._ready = Queue()
        try:
            self._process = subprocess.Popen(  # noqa: S603  # the target file's owner says what to run
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                cwd=file.parent if file else None,
                env={**os.environ, **self._start.environment},
                # A Ctrl-C at the terminal is for the suite, which then stops the target itself.
                process_group=0 if os.name == "posix" else None,
            )
        except OSError as exc:
            raise NotTested(f"the target cannot be started: {exc}; check start.command") from exc
        self._readers = [
            # Daemons: a target that nobody could stop must not keep the suite from ending.
            threading.Thread(
                target=self._read_output, args=(self._process, self._ready), daemon=True
            ),
            threading.Thread(target=self._read_errors, args=(self._process,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        self._launched = True

    def stop(self) -> float:
        """
        End it by SIGTERM, or kill it after ten seconds; return how long it took, in seconds.

        What it has started itself and left behind is ended after it, in the same way.
        """
        began = monotonic()
        self._launched = False
        process = self._process
        if process is None:
            return 0.0
        process.terminate()
        try:
            try:
                process.wait(_KILL_AFTER)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _end_group(process.pid)
        except KeyboardInterrupt:
            # Whoever asks twice does not want to wait; but nothing is left behind.
            process.kill()
            _kill_group(process.pid)
            raise
        ended = monotonic()
        if process.stdin is not None:
            # What was not written to one that is gone cannot be helped.
            with suppress(OSError):
                process.stdin.close()
        for reader in self._readers:
            # It closes its pipe at the end, which whoever has left the group may put off for ever.
            reader.join(_LAST_WORDS_WITHIN)
        self._process = None
        return ended - began

    def last_words(self) -> str:
        """Return the last line that it printed, for messages."""
        if not self.runs:
            # What it said at its end may still be in the pipe.
            for reader in self._readers:
                reader.join(_LAST_WORDS_WITHIN)
        return self._last_words[-1] if self._last_words else "it printed nothing"

    def _how_it_is(self) -> str:
        """Say how the process has ended, or that it says no more."""
        # Its output ends a moment before it does.
        if not self.ends_within(_LAST_WORDS_WITHIN) or self._process is None:
            return "closed its output"
        status = self._process.returncode
        if status >= 0:
            return f"ended with exit status {status}"
        name = next((one.name for one in signal.Signals if one == -status), str(-status))
        return f"was ended by {name}"

    def _ready_line(self) -> dict[str, str]:
        seconds = self._start.timeout_seconds
        try:
            found = self._ready.get(timeout=seconds)
        except Empty:
            raise NotTested(
                f"the target printed no ready line within {seconds:.0f} s: {self.last_words()}"
            ) from None
        if found is None:
            raise NotTested(
                f"the target {self._how_it_is()} before it was ready: {self.last_words()}"
            )
        return found

    def _connectable(self) -> None:
        host, port, _ = address(self.target)
        until = monotonic() + self._start.timeout_seconds
        pause = threading.Event()
        while monotonic() < until:
            if not self.runs:
                break
            try:
                socket.create_connection((host, port), timeout=1.0).close()
            except OSError:
                pause.wait(0.02)
            else:
                return
        how = "" if self.runs else f", and the target {self._how_it_is()}"
        raise NotTested(f"nothing listens on {host}:{port}{how}: {self.last_words()}")

    def _read_output(
        self, process: subprocess.Popen[str], ready: Queue[dict[str, str] | None]
    ) -> None:
        said = False
        with _lines(process.stdout) as lines:
            for line in lines:
                if not said and (values := _members(line)) is not None:
                    said = True
                    ready.put(values)
                else:
                    self._last_words.append(line.strip())
        if not said:
            ready.put(None)

    def _read_errors(self, process: subprocess.Popen[str]) -> None:
        with _lines(process.stderr) as lines:
            for line in lines:
                if line.strip():
                    self._last_words.append(line.strip())


@contextmanager
def launched(target: Target) -> Iterator[TargetProcess | None]:
    """
    Start a target ahead, if it says how: what is done meanwhile costs no time.

    It ends with the block at the latest. What is wrong with it is said when it is waited for
    (:meth:`TargetProcess.start`). Yields None if nothing is to be started.
    """
    if target.start is None:
        yield None
        return
    process = TargetProcess(target)
    try:
        with suppress(NotTested):
            process.launch()
        yield process
    finally:
        process.stop()


def _lines(pipe: IO[str] | None) -> AbstractContextManager[Iterable[str]]:
    """Return what reads the lines of a pipe and closes it at the end."""
    return pipe if pipe is not None else nullcontext(())


def _end_group(group: int) -> None:
    """End the processes of a group whose leader is gone: SIGTERM, and SIGKILL after a while."""
    if os.name != "posix":
        return
    pause = threading.Event()
    # The processes of the group belong to whoever may end them; one that is gone raises.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGTERM)
        until = monotonic() + _KILL_AFTER
        while monotonic() < until:
            os.killpg(group, 0)
            pause.wait(0.01)
        os.killpg(group, signal.SIGKILL)


def _kill_group(group: int) -> None:
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def _members(line: str) -> dict[str, str] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    return {name: str(member) for name, member in value.items() if isinstance(member, str | int)}
