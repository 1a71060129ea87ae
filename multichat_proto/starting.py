"""What ``connect`` was asked for, the same for all shells, checked before anything is opened."""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Final

from multichat_proto.opening import Opening
from multichat_proto.options import Options
from multichat_proto.session import Session
from multichat_proto.session.lookup import wanted_rooms

__all__ = ["Start"]

_LOG: Final = logging.getLogger("multichat_proto")


class Start:
    """
    How a session starts; each block that is entered gets one of its own.

    Args:
        opening: What its handshakes say.
        options: Limits and times.
        rooms: The rooms that are wanted from the start.
        random: Returns a number from 0 up to, but not including, 1.

    Attributes:
        opening: What its handshakes say.
        options: Limits and times.

    Raises:
        LocalProtocolError: A room's id is none, or these are too many rooms.

    """

    def __init__(
        self,
        opening: Opening,
        options: Options,
        rooms: Iterable[str | int],
        random: Callable[[], float],
    ) -> None:
        self.opening = opening
        self.options = options
        self._rooms = wanted_rooms(rooms)
        self._random = random
        # What a session refuses is refused now; with a time of no meaning, as no clock runs yet.
        self.session(now=0.0)

    def session(self, now: float) -> Session:
        """
        Return a fresh session.

        Args:
            now: The time of the shell's own clock, in seconds.

        """
        return Session(
            self.options,
            now=now,
            random=self._random,
            wall_offset=time.time() - now,
            username=self.opening.username,
            rooms=self._rooms,
            has_login=self.opening.has_login,
            can_login=self.opening.password is not None,
            on_warning=_LOG.warning,
        )
