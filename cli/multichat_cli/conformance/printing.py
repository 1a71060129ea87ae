"""Print lines of a result on stdout."""

import shutil
from collections.abc import Iterable
from typing import TextIO

from multichat_cli.output import stdout

__all__ = ["lines", "width"]


def lines(texts: Iterable[str]) -> None:
    """
    Print lines at once.

    Raises:
        CommandFailed: Stdout takes no more.

    """
    with stdout() as stream:
        stream.write("".join(f"{text}\n" for text in texts))
        stream.flush()


def width(stream: TextIO | None) -> int:
    """Return how wide a stream's lines may be, in characters: a terminal's width, or 100."""
    if stream is not None and stream.isatty():
        return max(shutil.get_terminal_size().columns, 40)
    return 100
