"""What the stories are played against: a server in memory, or one behind real sockets."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, Protocol, get_args
from urllib.parse import urlsplit

from multichat_proto.credentials import Cookies
from multichat_proto.exceptions import ConnectionFailed
from multichat_proto.testing import MemoryServer, StaffRoom
from tests.sdk.behaviour.relay import Relay, Relays
from tests.sdk.behaviour.stage import Backstage, Lever
from tests.targets.target import RunningTarget

__all__ = ["LEVERS", "MemoryTarget", "NetworkTarget", "Shell", "Target"]

Shell = Literal["trio", "asyncio", "sync"]

_NETWORK: frozenset[Lever] = frozenset(
    {"cut", "down", "half_open", "announce", "staff_room", "login"}
)

_HARDENED: frozenset[Lever] = frozenset({"put_out", "log_out", "limits"})

LEVERS: Mapping[str, frozenset[Lever]] = {
    "memory": frozenset(get_args(Lever)),
    "reference": _NETWORK.union(_HARDENED),
    "original": _NETWORK,
}
"""What can be done behind the stage of each target. The original puts nobody out of a room,
and closes no connection when its session ends (spec, section 12)."""


class Playing(Protocol):
    """One story's server."""

    @property
    def backstage(self) -> Backstage:
        """The levers."""
        ...

    def arguments(self, username: str, **given: Any) -> dict[str, Any]:
        """Return what the shell's ``connect`` takes, its address included."""
        ...


class Target(Protocol):
    """
    Something to play against.

    Attributes:
        is_virtual: Whether time may jump.

    """

    is_virtual: bool

    def playing(self, shell: Shell, clock: Any) -> Any:
        """Return a context manager of one story's :class:`Playing`."""
        ...


class _MemoryPlaying:
    def __init__(self, shell: Shell, clock: Any) -> None:
        self._shell: Shell = shell
        self._clock = clock
        self._numbers = itertools.count(1)
        self.password = {name: f"{name}-demo" for name in ("alice", "bob", "carol", "dave")}
        self.server = MemoryServer({}, users=self.password, staff={"dave"})
        self.restart = self.server.restart
        self.cut = self.server.cut
        self.half_open = self.server.half_open
        self.announce = self.server.announce
        self.log_out = self.server.log_out

    @property
    def backstage(self) -> Backstage:
        return self

    def create_room(self, title: str) -> str:
        room = str(next(self._numbers))
        self.server.set_room(room, title)
        return room

    def make_staff_room(self, room: str) -> None:
        self.server.set_room(room, StaffRoom("for staff"))

    def down(self, username: str) -> None:  # noqa: ARG002  # everybody, here
        self.server.refuse(ConnectionFailed("nobody answers"), times=None)

    def up(self, username: str) -> None:  # noqa: ARG002
        self.server.accept()

    def arguments(self, username: str, **given: Any) -> dict[str, Any]:
        has_credentials = "credentials" in given
        if self._shell == "sync":
            name = None if has_credentials else username
            given["transport"] = self.server.connector("sync", name, clock=self._clock)
            given["clock"] = self._clock
        else:
            given["transport"] = self.server.connector(
                self._shell, None if has_credentials else username
            )
        if not has_credentials:
            given["username"] = username
        return {"url": "ws://memory", **given}


class MemoryTarget:
    """A new server in memory for each story."""

    is_virtual = True

    @contextmanager
    def playing(self, shell: Shell, clock: Any) -> Iterator[Playing]:
        """Make a server."""
        yield _MemoryPlaying(shell, clock)


class _NetworkPlaying:
    def __init__(self, target: RunningTarget, relays: Relays) -> None:
        self._target = target
        self._relays = relays
        self._relay_of: dict[str, Relay] = {}
        self._keys: dict[str, str] = {}
        self.password = target.passwords

    @property
    def backstage(self) -> Backstage:
        return self

    @property
    def server(self) -> Any:
        raise AssertionError("there is no script here")

    def restart(self) -> None:
        raise AssertionError("nobody restarts it")

    def create_room(self, title: str) -> str:
        return str(self._target.pull("create_room", title=title)["room"])

    def make_staff_room(self, room: str) -> None:
        self._target.pull("make_staff_room", room=room)

    def announce(self, room: str, text: str, msg_type: int) -> None:
        self._target.pull("announce", room=room, type=msg_type, text=text, username="carol")

    def log_out(self, username: str) -> None:
        self._target.log_out(self._keys.pop(username))

    def cut(self, username: str) -> None:
        self._relays.run(self._relay_of[username].cut)

    def half_open(self, username: str) -> None:
        self._relays.run(self._relay_of[username].silence)

    def down(self, username: str) -> None:
        self._relays.run(self._relay_of[username].down)

    def up(self, username: str) -> None:
        self._relays.run(self._relay_of[username].up)

    def arguments(self, username: str, **given: Any) -> dict[str, Any]:
        where = urlsplit(self._target.websocket)
        assert where.hostname is not None
        assert where.port is not None
        relay = self._relay_of.get(username)
        if relay is None:
            relay = self._relay_of[username] = self._relays.open(where.hostname, where.port)
        if "credentials" not in given:
            # One of this story's own: a story may end it.
            key = self._keys.setdefault(username, self._target.log_in(username))
            given["credentials"] = Cookies({"sessionid": key}, username)
        return {"url": f"ws://127.0.0.1:{relay.port}{where.path}", **given}


class NetworkTarget:
    """
    A server behind real sockets, with a piece of network of its own for each user.

    Args:
        target: The server, which runs.

    """

    is_virtual = False

    def __init__(self, target: RunningTarget) -> None:
        self._target = target

    @contextmanager
    def playing(self, shell: Shell, clock: Callable[[], float]) -> Iterator[Playing]:  # noqa: ARG002
        """Lay the network for a story."""
        with Relays() as relays:
            yield _NetworkPlaying(self._target, relays)
