"""Whether the other side is still there: pings after silence, and how long to believe in it."""

from collections.abc import Iterator

from multichat_proto.options import Options

__all__ = ["KeepAlive"]


class KeepAlive:
    """
    The signs of life of one connection after another.

    While nothing is read, because a stream is full, nothing can be heard; that time does not
    count.

    Args:
        options: How long silence is believed to be silence.

    Attributes:
        heard_at: When the last frame or pong came.

    """

    def __init__(self, options: Options) -> None:
        self._interval = options.ping_interval
        self._timeout = options.ping_timeout
        self.heard_at = 0.0
        self._silent_since = 0.0
        self._asked_at: float | None = None
        self._was_reading = True

    def begin(self, now: float) -> None:
        """Begin with a new connection."""
        self.heard(now)

    def heard(self, now: float) -> bool:
        """Note a frame or a pong; return whether a ping had asked for one."""
        was_asked = self._asked_at is not None
        self.heard_at = self._silent_since = now
        self._asked_at = None
        return was_asked

    def ask(self, now: float) -> bool:
        """Return whether a ping is due, and take it for sent if so."""
        if (
            self._interval is None
            or self._asked_at is not None
            or now < self._silent_since + self._interval
        ):
            return False
        self._asked_at = now
        return True

    def is_stale(self, now: float, *, is_reading: bool) -> bool:
        """Return whether the sign of life that was asked for is overdue."""
        if not is_reading or not self._was_reading:
            self._was_reading = is_reading
            self._silent_since = now
            self._asked_at = None
        return self._asked_at is not None and now >= self._asked_at + self._timeout

    def deadlines(self, *, is_reading: bool) -> Iterator[float]:
        """Return when there is something to do."""
        if is_reading and self._asked_at is not None:
            yield self._asked_at + self._timeout
        elif is_reading and self._interval is not None:
            yield self._silent_since + self._interval
