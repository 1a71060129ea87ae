"""
The hooks: how a test harness changes a target while it runs.

A hook is a name and arguments. ``POST /NAME`` with a JSON object of the arguments pulls it; the
answer is 200 with a JSON object, or 4xx or 5xx with one sentence of plain text that says why it
failed. Requests are answered one after the other.

Who can pull a hook can change accounts. So the listener is on the loopback interface, and what a
browser sends on behalf of some page is refused: such a request carries an ``Origin``.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from types import MappingProxyType
from typing import Final

__all__ = ["HOOKS", "Arguments", "Hook", "HookFailed", "HookListener", "room_id"]

Arguments = dict[str, str | int]
Hook = Callable[[str, Arguments], Mapping[str, object]]

#: Every hook there is, with the names and types of its arguments.
HOOKS: Final[Mapping[str, Mapping[str, type]]] = MappingProxyType(
    {
        "make_staff": {"username": str},
        "make_plain": {"username": str},
        "activate": {"username": str},
        "deactivate": {"username": str},
        "rename_user": {"username": str, "to": str},
        "change_password": {"username": str, "password": str},
        "create_user": {"username": str, "password": str},
        "delete_user": {"username": str},
        "make_staff_room": {"room": str},
        "make_open_room": {"room": str},
        "create_room": {"title": str},
        "delete_room": {"room": str},
        "announce": {"room": str, "type": int, "text": str, "username": str},
        "expire_session": {"session": str},
        "store_away": {},
        "store_back": {},
    }
)

# No argument is longer than a title, a name or a sentence.
_BODY_BYTES: Final = 65_536
_LONE_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
# Seconds that a client may take for each part of its request.
_PATIENCE: Final = 2.0


class HookFailed(Exception):
    """
    A hook could not do what it is for; the text is a sentence for the person who reads a log.

    Args:
        reason: The sentence.
        status: The HTTP status: 4xx if another argument would help, 5xx if not.

    """

    def __init__(self, reason: str, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY) -> None:
        super().__init__(reason)
        self.status = status


class HookListener(TCPServer):
    """
    Listens on a free port of the loopback interface.

    :meth:`answer` answers one request in the thread that calls it; call it when the listener,
    which has a ``fileno``, can be read. A context manager that closes the socket.

    Args:
        pull: Called with a hook's name and its arguments, which are checked before; raises
            :class:`HookFailed`.
        offers: The names of the hooks that this target has.

    """

    allow_reuse_address = True
    request_queue_size = 64
    # Waiting for the next request is its caller's business.
    timeout = 0

    def __init__(self, pull: Hook, offers: Collection[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.pull = pull
        self.offers = frozenset(offers)

    @property
    def url(self) -> str:
        """What a hook's name is added to."""
        host, port = self.socket.getsockname()
        return f"http://{host}:{port}/"

    def answer(self) -> None:
        """
        Answer one request, if there is one; it takes as long as its hook does.

        What ``pull`` raises besides :class:`HookFailed` comes through.
        """
        self.handle_request()

    def handle_error(self, *_: object) -> None:
        """Raise what went wrong, but for a client that is gone or takes too long."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            raise error


class _Request(BaseHTTPRequestHandler):
    """One request, on a connection of its own."""

    server: HookListener
    timeout = _PATIENCE
    server_version = "multichat-hooks"
    sys_version = ""

    def do_POST(self) -> None:
        """Pull the hook that the path names."""
        try:
            arguments = self._arguments()
            name = self.path.removeprefix("/")
            if name not in self.server.offers:
                raise HookFailed("there is no such hook here", HTTPStatus.NOT_FOUND)
            _check(arguments, HOOKS[name])
            result = self.server.pull(name, arguments)
        except HookFailed as failed:
            self._answer(failed.status, "text/plain; charset=utf-8", str(failed))
        else:
            self._answer(HTTPStatus.OK, "application/json", json.dumps(dict(result)))

    def send_error(self, code: int, message: str | None = None, _: str | None = None) -> None:
        """Refuse what is no request, or no POST."""
        status = HTTPStatus(code)
        self._answer(status, "text/plain; charset=utf-8", message or status.phrase)

    def log_message(self, *_: object) -> None:
        """Log nothing: whoever pulled the hook has the answer."""

    def _arguments(self) -> Arguments:
        # Read first, so that closing the connection does not reset it before the answer.
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()):
            raise HookFailed("Content-Length is missing", HTTPStatus.LENGTH_REQUIRED)
        body = self.rfile.read(min(int(length[:9]), _BODY_BYTES + 1))
        if len(body) > _BODY_BYTES:
            raise HookFailed(
                f"expected at most {_BODY_BYTES} bytes", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            )
        if self.headers.get("Origin") is not None:
            raise HookFailed("no page of a browser may pull a hook", HTTPStatus.FORBIDDEN)
        try:
            arguments = json.loads(body)
        except (ValueError, RecursionError):
            arguments = None
        if not isinstance(arguments, dict):
            raise HookFailed("expected a JSON object", HTTPStatus.BAD_REQUEST)
        return arguments

    def _answer(self, status: HTTPStatus, kind: str, text: str) -> None:
        body = f"{text}\n".encode(errors="backslashreplace")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _check(arguments: Mapping[str, object], expected: Mapping[str, type]) -> None:
    if arguments.keys() != expected.keys():
        names = ", ".join(expected) or "none"
        raise HookFailed(f"expected these arguments: {names}", HTTPStatus.BAD_REQUEST)
    for name, kind in expected.items():
        value = arguments[name]
        if type(value) is not kind:
            what = "a string" if kind is str else "an integer"
            raise HookFailed(f"expected {what} as {name}", HTTPStatus.BAD_REQUEST)
        if isinstance(value, str) and not value.isascii() and _LONE_SURROGATE.search(value):
            raise HookFailed(f"expected no lone surrogate in {name}", HTTPStatus.BAD_REQUEST)


def room_id(room: str) -> int:
    """
    Return the number that a room's name on the wire stands for.

    Raises:
        HookFailed: It is not a number's canonical form.

    """
    if not (room.isascii() and room.isdecimal() and len(room) <= 19) or str(int(room)) != room:
        raise HookFailed("expected a decimal number as room", HTTPStatus.BAD_REQUEST)
    return int(room)
