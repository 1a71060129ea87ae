"""Every limit and every time of the client, each with its name."""

import dataclasses
import math
from enum import StrEnum
from typing import Final, TypeGuard

from multichat_proto.exceptions import LocalProtocolError

__all__ = ["Backoff", "Options", "Overflow", "overflow_of"]

_COUNTS: Final = frozenset(
    {
        "command_burst",
        "max_unanswered",
        "max_waiting",
        "max_rooms",
        "max_queue",
        "max_queue_bytes",
        "max_members",
        "max_frame_bytes",
    }
)
_TIMES: Final = frozenset(
    {"open_timeout", "answer_timeout", "write_timeout", "ping_interval", "ping_timeout"}
)
_PATIENCE: Final = frozenset({"connect_timeout", "send_timeout", "close_timeout", "block_timeout"})
_MAY_BE_NONE: Final = frozenset(
    {"connect_timeout", "send_timeout", "ping_interval", "block_timeout"}
)


class Overflow(StrEnum):
    """What happens to a stream whose reader is slower than the server."""

    BLOCK = "block"
    """
    Nothing more is read from the connection until there is room again.

    Of any room: the whole session waits for this reader. It is for one who reads to the end and
    must miss nothing. A stream that nobody reads drops the oldest instead, before its reader's
    first event and after :attr:`Options.block_timeout` without one. While the answer to a
    command is awaited, up to five times as much is kept; an answer behind even more is not
    read, and the command counts as unanswered (``DeliveryUnknown``, ``NoAnswer``).
    """
    DROP_OLDEST = "drop-oldest"
    """The oldest events give way; a ``Gap`` in their place says how many."""
    CLOSE = "close"
    """The stream ends with ``QueueOverflow``."""


def overflow_of(given: Overflow | str) -> Overflow:
    """
    Return the policy; its value as a plain string is one, too.

    Raises:
        LocalProtocolError: There is no such policy.

    """
    try:
        return Overflow(given)
    except ValueError:
        known = ", ".join(Overflow)
        raise LocalProtocolError(f"overflow must be one of {known}, not {given!r}") from None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value  # noqa: PLR0124  # no NaN


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """
    How long to wait before connecting again (MC1-CLIENT-10), in seconds.

    The wait before attempt *n* is random between 0 and ``first * factor ** n``, but at most
    ``cap``: full jitter, so that a thousand clients of a server that restarts come back
    spread out.

    Attributes:
        first: The longest first wait.
        factor: How it grows.
        cap: The longest wait there is.
        long_first: Added where the server asks for patience (close code 1013).
        stable_after: A connection that has been whole for so long ends the growth.

    """

    first: float = 1.0
    factor: float = 2.0
    cap: float = 30.0
    long_first: float = 5.0
    stable_after: float = 10.0

    def __post_init__(self) -> None:
        are_numbers = all(
            _is_number(value) and math.isfinite(value) for value in dataclasses.astuple(self)
        )
        if not are_numbers or not (
            0 <= self.first <= self.cap
            and self.factor >= 1
            and self.long_first >= 0
            and self.stable_after >= 0
        ):
            raise LocalProtocolError(f"these waits make no sense: {self}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """
    What a session may do, and how long anything may take, in seconds.

    Attributes:
        reconnect: Whether to connect again by itself. ``False``: the first connection that
            fails or is lost ends the session with its error.
        backoff: How long to wait before connecting again.
        connect_timeout: Longest wait for the first connection, all attempts together;
            ``None`` waits forever.
        open_timeout: Longest time for one attempt: login, DNS, TCP, TLS, handshake.
        answer_timeout: Longest wait for the answer to a command that was handed over.
        send_timeout: Longest time that a command may wait to be handed over, such as while
            there is no connection; ``None`` waits forever.
        write_timeout: Longest time for one write; then the connection is given up.
        close_timeout: Longest wait for the other side's part of a goodbye.
        ping_interval: Silence after which the server is asked for a sign of life; ``None``
            never asks.
        ping_timeout: Longest wait for that sign; then the connection is given up.
        command_rate: Commands a second in the long run; 0 switches the limit off.
        command_burst: Commands that may go at once after a pause. Each 1,024 bytes of a
            frame count as one: 32 of them is what every server takes (MC1-LIMIT-06).
        max_unanswered: Commands under way at a time. 1 is closed loop, which suits every
            server (MC1-CLIENT-07); up to 32 suits one that is known to be hardened.
        max_waiting: Commands that wait to be handed over.
        max_rooms: Rooms at a time.
        max_queue: Events that each stream keeps for its reader.
        max_queue_bytes: Bytes of text that each stream keeps for its reader; one event is
            kept, however long it is. All streams of a session together keep eight times as
            many; beyond that the fullest give up their oldest events, whatever their policy.
        block_timeout: Longest time that a full stream with the policy ``block`` keeps the
            session from reading while no event is taken from it. After that its reader counts
            as gone, a warning goes to the log, and the oldest events give way until somebody
            reads on. ``None`` waits forever.
        overflow: What happens when there are more events, or more bytes.
        max_members: Names that are kept of each room's members.
        max_frame_bytes: Longest message that is read; a longer one ends the connection. A
            text of v1's usual limit, 65,536 code points, takes 786,432 bytes when each is
            written as two escapes, as the 2016 original does.

    """

    reconnect: bool = True
    backoff: Backoff = Backoff()
    connect_timeout: float | None = 30.0
    open_timeout: float = 10.0
    answer_timeout: float = 10.0
    send_timeout: float | None = 30.0
    write_timeout: float = 10.0
    close_timeout: float = 2.0
    ping_interval: float | None = 20.0
    ping_timeout: float = 20.0
    command_rate: float = 20.0
    command_burst: int = 32
    max_unanswered: int = 1
    max_waiting: int = 1_000
    max_rooms: int = 1_000
    max_queue: int = 1_024
    max_queue_bytes: int = 16_777_216
    block_timeout: float | None = 60.0
    overflow: Overflow = Overflow.DROP_OLDEST
    max_members: int = 10_000
    max_frame_bytes: int = 1_048_576

    def __post_init__(self) -> None:
        object.__setattr__(self, "overflow", overflow_of(self.overflow))
        for field in dataclasses.fields(self):
            _check(field.name, getattr(self, field.name))


def _check(name: str, value: object) -> None:
    """
    Check one of the options by its name.

    Raises:
        LocalProtocolError: It has the wrong type, or makes no sense.

    """
    if value is None and name in _MAY_BE_NONE:
        return
    if name == "reconnect":
        is_right, words = isinstance(value, bool), "True or False"
    elif name == "backoff":
        is_right, words = isinstance(value, Backoff), "a Backoff"
    elif name in _COUNTS:
        is_right = isinstance(value, int) and not isinstance(value, bool) and value >= 1
        words = "at least 1"
    elif name in _TIMES:
        is_right, words = _is_number(value) and value > 0, "a number of seconds above 0"
    elif name in _PATIENCE:
        is_right, words = _is_number(value) and value >= 0, "a number of seconds, 0 or more"
    else:  # the policy is one, or it would not have come here
        is_right = name != "command_rate" or (_is_number(value) and 0 <= value < math.inf)
        words = "a number of commands a second, 0 or more"
    if not is_right:
        raise LocalProtocolError(f"{name} must be {words}, not {value!r}")
