"""When to connect again, and when not to: from how a connection ended to what comes next."""

from collections.abc import Callable

from multichat_proto.exceptions import (
    ConnectionClosed,
    HandshakeRefused,
    MultichatError,
    Retry,
)
from multichat_proto.options import Options
from multichat_proto.session.backoff import Waits
from multichat_proto.verdicts import Reconnect, verdict_on

__all__ = ["Reconnecting"]


class Reconnecting:
    """
    What the next attempt of a session is to be.

    Args:
        options: Whether and how patiently.
        random: Returns a number from 0 up to, but not including, 1.
        can_login: Whether there is a name and a password to log in with.

    Attributes:
        needs_login: Whether the next attempt has to log in first.

    """

    def __init__(self, options: Options, random: Callable[[], float], *, can_login: bool) -> None:
        self._is_allowed = options.reconnect
        self._waits = Waits(options.backoff, random)
        self._can_login = can_login
        self._logins = 0
        self.needs_login = can_login

    def wait_after(self, error: MultichatError, *, was_fresh: bool) -> float | None:
        """
        Return the seconds to wait before the next attempt; ``None`` if there is to be none.

        Args:
            error: How the connection, or the attempt, ended.
            was_fresh: Whether a handshake was refused right after a new login: one more
                would not help.

        """
        if not self._is_allowed:
            return None
        if error.retry is Retry.LATER:
            is_long = (
                isinstance(error, ConnectionClosed)
                and verdict_on(error.code) is Reconnect.BACKOFF_LONG
            )
            asked = error.retry_after if isinstance(error, HandshakeRefused) else None
            return self._waits.next(is_long=is_long, at_least=asked or 0.0)
        if error.retry is Retry.AFTER_LOGIN and self.may_login and not was_fresh:
            self._logins += 1
            self.needs_login = True
            return self._waits.next(is_long=isinstance(error, ConnectionClosed))
        return None

    @property
    def may_login(self) -> bool:
        """Whether a new login may help: once, until a connection has held for a while."""
        return self._is_allowed and self._can_login and self._logins == 0

    def opened(self) -> None:
        """Note that the login, if there was one, has served."""
        self.needs_login = False

    def hurry(self) -> None:
        """Begin with small waits again: somebody knows that the network is back."""
        self._waits.reset()

    def held(self) -> None:
        """Note that a connection has held for a while: what failed before counts no more."""
        self._waits.reset()
        self._logins = 0
