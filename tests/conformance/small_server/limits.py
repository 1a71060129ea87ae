"""The limits that the small server states and keeps (MC1-LIMIT-01): small, to be reached soon."""

from dataclasses import dataclass

import trio

__all__ = ["Bucket", "Limits", "pause"]


@dataclass(frozen=True)
class Limits:
    """
    All limits of the small server; times are in seconds.

    Attributes:
        frame_bytes: Largest message of a client.
        message_length: Longest text of a ``send``, in code points.
        rooms_per_connection: Most rooms that one connection may be in.
        command_burst: Messages of a connection at once, after quiet.
        command_rate: Messages of a connection a second, in the long run.
        refusal_burst: ``RATE_LIMITED`` answers before a flood is closed.
        refusal_rate: ``RATE_LIMITED`` answers a second that make no flood.
        backlog_bytes: What may wait for a member that reads slowly.
        handshake_bytes: Largest head of a request.
        handshake_seconds: Longest time that a request may take to arrive.
        ping_seconds: From one ping of the server to the next.
        silence_seconds: How long a peer may be silent.
        close_seconds: Longest closing handshake.
        stop_seconds: Longest stop.
        outage_seconds: How long commands are obeyed while the store is away.

    """

    frame_bytes: int = 262_144
    message_length: int = 4_096
    rooms_per_connection: int = 8
    command_burst: int = 200
    command_rate: float = 100.0
    refusal_burst: int = 50
    refusal_rate: float = 10.0
    backlog_bytes: int = 262_144
    handshake_bytes: int = 8_192
    handshake_seconds: float = 1.5
    ping_seconds: float = 0.5
    silence_seconds: float = 3.0
    close_seconds: float = 1.0
    stop_seconds: float = 1.5
    outage_seconds: float = 0.3

    @property
    def vanish_seconds(self) -> float:
        """How long it takes at most until a vanished peer is noticed, with some air."""
        return self.silence_seconds + 2 * self.ping_seconds


class Bucket:
    """A bucket of tokens: full at first, refilled with time."""

    def __init__(self, *, burst: int, rate: float) -> None:
        self._burst = burst
        self._rate = rate
        self._tokens = float(burst)
        self._when = trio.current_time()

    def take(self) -> bool:
        """Take a token; return False if there is none."""
        now = trio.current_time()
        self._tokens = min(self._burst, self._tokens + (now - self._when) * self._rate)
        self._when = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


async def pause(seconds: float) -> None:
    """Let time pass: what a server's timer does. Tests wait for what happens instead."""
    with trio.move_on_after(max(0.0, seconds)):
        await trio.sleep_forever()
