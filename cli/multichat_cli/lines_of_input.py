"""Read lines of text from a terminal, a pipe or a file, without blocking the other tasks."""

import os
from typing import Final

import trio

from multichat_cli.exit_codes import CommandFailed, ExitCode

__all__ = ["LinesOfInput"]

MAX_LINE_BYTES: Final = 1_048_576
"""Longest line, 1 MiB; servers refuse much shorter messages, and say so."""

_CHUNK: Final = 65_536


class LinesOfInput:
    """
    The lines of a file descriptor. It is left as it was: other programs may share it.

    Args:
        fd: Open for reading.

    """

    def __init__(self, fd: int = 0) -> None:
        self._fd = fd
        self._buffer = bytearray()
        self._number = 0
        self._ended = False

    async def next(self) -> str | None:
        """
        Return the next line without its end, or ``None`` at the end. Cancelling loses nothing.

        Raises:
            CommandFailed: The line is not UTF-8, or too long.

        """
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0 and not self._ended:
            searched = len(self._buffer)
            if searched > MAX_LINE_BYTES:
                break
            data = await self._read()
            self._buffer += data
            self._ended = not data
        line = bytes(self._buffer if end < 0 else self._buffer[:end])
        if not line and end < 0:
            return None
        del self._buffer[: len(line) + 1]
        self._number += 1
        if len(line) > MAX_LINE_BYTES:
            raise CommandFailed(
                ExitCode.ERROR,
                f"line {self._number} of the input is longer than {MAX_LINE_BYTES:,} bytes",
            )
        try:
            return line.removesuffix(b"\r").decode()
        except UnicodeDecodeError:
            raise CommandFailed(
                ExitCode.ERROR, f"line {self._number} of the input is not UTF-8"
            ) from None

    async def rest(self) -> str:
        """Return everything that is left, with line ends, but for one at the very end."""
        lines: list[str] = []
        size = 0
        while (line := await self.next()) is not None:
            lines.append(line)
            size += len(line)
            if size > MAX_LINE_BYTES:
                raise CommandFailed(
                    ExitCode.ERROR, f"the input is longer than {MAX_LINE_BYTES:,} bytes"
                )
        return "\n".join(lines)

    async def _read(self) -> bytes:
        try:
            await trio.lowlevel.wait_readable(self._fd)
        except PermissionError:
            await trio.lowlevel.checkpoint()  # a regular file: always readable
        except OSError:
            return b""
        try:
            return os.read(self._fd, _CHUNK)
        except OSError:
            return b""  # closed, or a terminal that went away
