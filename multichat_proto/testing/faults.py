"""
What a network and a broken server do, at random, and each time alike for one seed.

::

    server.spoil(Faults(seed=7, latency=(0.0, 0.5), duplicate=0.1, hostile=0.05))
"""

import random
from collections.abc import Iterator
from typing import Final

import msgspec

from multichat_proto.exceptions import LocalProtocolError

__all__ = ["HOSTILE_FRAMES", "Faults", "Misfortune"]

HOSTILE_FRAMES: Final[tuple[str | bytes, ...]] = (
    "",
    "no JSON",
    "[]",
    "{}",
    "null",
    '{"join": "1"}',
    '{"join": 1, "title": "a number"}',
    '{"join": "01", "title": "no room"}',
    '{"leave": null}',
    '{"error": 7}',
    '{"error": "ROOM_INVALID", "command": []}',
    '{"error": "not a code"}',
    '{"msg_type": 0}',
    '{"msg_type": "0", "room": "1", "message": "x", "username": "x"}',
    '{"msg_type": 4, "room": "1", "message": "with text", "username": "x"}',
    '{"msg_type": 0, "room": "1", "message": null, "username": "x"}',
    '{"msg_type": 1e400, "room": "1", "message": "x", "username": "x"}',
    '{"msg_type": 0, "join": "1", "room": "1", "message": "two kinds", "username": "x"}',
    '{"msg_type": 0, "room": "1", "message": "\\ud800", "username": "x"}',
    '{"surprise": "of a later version"}',
    "[" * 100_000,
    '{"x":' * 70 + "1" + "}" * 70,
    '{"join": "1", "title": "t"} trailing',
    "\ufeff{}",
    b'{"join": "1", "title": "binary"}',
    b"\xff\xfe",
)
"""Frames that break v1, or that v1 does not know: none of them may change anything."""


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """
    How likely each fault is; see :meth:`MemoryServer.spoil`.

    ::

        for seed in range(100):
            server.spoil(Faults(seed=seed, latency=(0.0, 2.0), cut=0.05, tear=0.05))
            ...  # whatever must hold all the same
            server.spoil(None)

    The chances are from 0 to 1, for each frame. What a TCP connection cannot do (drop,
    duplicate, reorder) stands for a server that does it.

    Attributes:
        seed: The same seed makes the same faults.
        latency: Shortest and longest time that a frame of the server takes, in seconds; frames
            do not overtake each other.
        drop: A frame of the server is not sent.
        duplicate: It is sent twice.
        reorder: It is sent before the one before it, if that has not been read yet.
        hostile: A frame that breaks v1 comes first.
        cut: The connection ends instead of it.
        tear: The connection ends in the middle of a frame of the client, which is not carried
            out.

    """

    seed: int = 0
    latency: tuple[float, float] = (0.0, 0.0)
    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    hostile: float = 0.0
    cut: float = 0.0
    tear: float = 0.0

    def __post_init__(self) -> None:
        chances = (self.drop, self.duplicate, self.reorder, self.hostile, self.cut, self.tear)
        if not all(0 <= chance <= 1 for chance in chances):
            raise LocalProtocolError("a chance is a number from 0 to 1")
        if not 0 <= self.latency[0] <= self.latency[1]:
            raise LocalProtocolError("a latency is two times, the shorter one first")


class Misfortune:
    """
    The dice for some faults, thrown for one server.

    Args:
        faults: How likely each is.

    """

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._random = random.Random(faults.seed)  # noqa: S311  # repeatable, not secret

    def latency(self) -> float:
        """Return how long the next frame takes."""
        return self._random.uniform(*self._faults.latency)

    def cuts(self) -> bool:
        """Return whether the connection ends instead of the server's next frame."""
        return self._happens(self._faults.cut)

    def tears(self) -> bool:
        """Return whether the connection ends in the middle of the client's next frame."""
        return self._happens(self._faults.tear)

    def reorders(self) -> bool:
        """Return whether a frame goes before the one before it."""
        return self._happens(self._faults.reorder)

    def spoil(self, frame: str | bytes) -> Iterator[str | bytes]:
        """Yield what is sent instead of a frame."""
        if self._happens(self._faults.hostile):
            yield self._random.choice(HOSTILE_FRAMES)
        if self._happens(self._faults.drop):
            return
        yield frame
        if self._happens(self._faults.duplicate):
            yield frame

    def _happens(self, chance: float) -> bool:
        return chance > 0 and self._random.random() < chance
