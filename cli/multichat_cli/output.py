"""
What a command prints: data on stdout, talk on stderr; for people, or for programs.

Each thing that happens is one *event*, one line. With ``--json`` it is one JSON object with
exact content; ``lines.schema.json`` describes every kind, members are only ever added, and
the text is ASCII, so that even there no content drives a terminal. For people the content is
escaped, and where a line does not fit the terminal the rest of it is indented: text that was
made to wrap cannot look like a line of its own.
"""

import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Final, TextIO

from multichat_cli.escape import escape, escape_name
from multichat_cli.exit_codes import CommandFailed, ExitCode

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["Event", "Output", "describe", "discard", "folded", "stdout"]

Event = Mapping[str, str | int | bool | None]
"""One thing that happened; ``event`` says what kind it is."""

_KIND_OF_TYPE: Final = {1: "warning", 2: "alert", 3: "muted"}
_STYLES: Final = {"warning": "yellow", "alert": "bold red", "muted": "dim"}
_INDENT: Final = "    "


class Output:
    """
    Where a command's lines go.

    Args:
        as_json: One JSON object a line on stdout, instead of text for people.

    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        for stream in (sys.stdout, sys.stderr):
            # A terminal that cannot show a character gets an escape, not a traceback.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")

    def show(self, event: Event) -> None:
        """
        Print an event on stdout, if it is one that is printed.

        Raises:
            CommandFailed: Stdout takes no more: it is closed, its disk is full, or nobody reads
                it, as in ``multichat join 1 | head``.

        """
        self._print(event)

    def data(self, line: str) -> None:
        """
        Print a line of help that belongs to the result, for people only.

        Raises:
            CommandFailed: As for :meth:`show`.

        """
        if not self._as_json:
            with stdout() as stream:
                stream.write(escape(line) + "\n")
                stream.flush()

    def talk(self, sentence: str) -> None:
        """
        Tell the person something, on stderr. The sentence may hold text from the network.

        Where stderr takes nothing there is nobody to tell, and no other place to tell that:
        the command goes on, and its exit code says how it went.
        """
        if sys.stderr is None:
            return
        try:
            if sys.stderr.isatty():
                console = _console(sys.stderr)
                console.print(folded(escape(sentence), "", console), soft_wrap=True)
            else:
                sys.stderr.write(escape(sentence) + "\n")
                sys.stderr.flush()
        except OSError:
            discard(sys.stderr)

    def _print(self, event: Event) -> None:
        if self._as_json:
            # DEL is the one control character that JSON leaves bare.
            line = json.dumps(event, ensure_ascii=True).replace("\x7f", "\\u007f")
        else:
            described = describe(event)
            if described is None:
                return
            line, style = described
            if self._terminal is not None:
                with stdout():
                    self._terminal.print(folded(line, style, self._terminal), soft_wrap=True)
                return
        with stdout() as stream:
            stream.write(line + "\n")
            stream.flush()

    @cached_property
    def _terminal(self) -> "Console | None":
        # None: the command was started with stdout closed.
        if sys.stdout is None or not sys.stdout.isatty():
            return None
        return _console(sys.stdout)


def describe(event: Event) -> tuple[str, str] | None:
    """Return an event as one harmless line for people and its style; ``None`` if not shown."""
    text, name = escape(str(event.get("message") or "")), escape_name(str(event.get("username")))
    match event["event"]:
        case "message":
            # MC1-TYPE-04: a type that nobody knows yet is shown plainly, by its number.
            msg_type = int(event["msg_type"] or 0)
            kind = _KIND_OF_TYPE.get(msg_type, f"type {msg_type}" if msg_type else "")
            return f"[{kind}] {name}: {text}" if kind else f"{name}: {text}", _STYLES.get(kind, "")
        case "enter":
            return f"* {name} entered", "dim"
        case "leave":
            return f"* {name} left", "dim"
        case "account":
            return f"{name}\t{escape(str(event['password']))}" + (
                "\t(staff)" if event["is_staff"] else ""
            ), ""
        case "user":
            marks = (("staff", event["is_staff"]), ("inactive", not event["is_active"]))
            return _row(name, marks), ""
        case "room":
            title = escape(str(event["title"]))
            return _row(f"{event['id']}\t{title}", (("staff only", event["staff_only"]),)), ""
        case "import_note":
            what = f"{event['thing']} {escape(str(event['id']))} ({escape(str(event['name']))})"
            lost = "not brought over: " if event["code"] in ("left_out", "differs") else ""
            return f"{what}: {lost}{escape(str(event['detail']))}", "yellow" * bool(
                event["is_loss"]
            )
        case "import_done":
            return _imported(event), "bold"
        case "listening":
            return f"serving {event['url']} (chat at {event['stream_url']})", "bold"
        case _:
            return None


@contextmanager
def stdout() -> Iterator[TextIO]:
    """Yield stdout to write to; say in words that it cannot be written to."""
    if sys.stdout is None:
        raise CommandFailed(ExitCode.ERROR, "cannot write the output: it is closed")
    try:
        yield sys.stdout
    except OSError as exc:
        discard(sys.stdout)
        sentence = (
            "nobody reads the output any more"
            if isinstance(exc, BrokenPipeError)
            else f"cannot write the output: {exc.strerror}"
        )
        raise CommandFailed(ExitCode.ERROR, sentence) from None


def discard(stream: TextIO) -> None:
    """Give up a standard stream that takes no more, so that Python does not complain at exit."""
    # What could not be written is still in the buffer: Python would try again when it
    # flushes at exit, complain once more, and change the exit code.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def _console(stream: TextIO) -> "Console":
    from rich.console import Console

    return Console(file=stream, highlight=False, markup=False, emoji=False)


def _row(text: str, marks: tuple[tuple[str, object], ...]) -> str:
    shown = ", ".join(word for word, applies in marks if applies)
    return f"{text}\t({shown})" if shown else text


def _imported(event: Event) -> str:
    verb = "would bring over" if event["dry_run"] else "brought over"
    parts = [f"{verb} {_counted(event, 'added')}"]
    for name, words in (("present", "here already"), ("left_out", "not brought over")):
        if event[f"users_{name}"] or event[f"rooms_{name}"]:
            parts.append(f"{words}: {_counted(event, name)}")
    if event["users_without_password"]:
        parts.append(f"in need of a new password: {event['users_without_password']}")
    return "; ".join(parts)


def _counted(event: Event, name: str) -> str:
    counts = (
        (number := event[f"{things}_{name}"], things if number != 1 else things[:-1])
        for things in ("users", "rooms")
    )
    return " and ".join(f"{number} {things}" for number, things in counts)


def folded(line: str, style: str, console: "Console") -> "Text":
    """Return a line cut to the terminal's width, all but its beginning indented."""
    from rich.text import Text

    text = Text(line, style=style, tab_size=8)
    width = max(console.width - len(_INDENT) - 1, 10)
    lines = text.wrap(console, width, overflow="fold")
    for each in lines:
        each.rstrip()
    first, *rest = lines
    return Text("\n").join([first, *(Text(_INDENT) + more for more in rest)])
