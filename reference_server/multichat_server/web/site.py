"""What all pages stand on: the store, the settings, and the chat as far as pages know it."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import trio

from multichat_proto.exceptions import StoreUnavailable
from multichat_server.config import Settings
from multichat_server.engine import Member
from multichat_server.sightings import Sightings
from multichat_server.storage import Store
from multichat_server.throttle import LoginThrottle
from multichat_server.waits import Waits

__all__ = ["RETRY_SECONDS", "Chat", "Site"]

#: Which part of the connections may be requests that wait for news; the rest stays for the chat.
WAITING_SHARE: Final = 4

#: After how many seconds a client may try again when the database was away.
RETRY_SECONDS: Final = 5


class Chat(Protocol):
    """What pages ask of the chat; :class:`multichat_server.engine.Engine` is one."""

    def announce(self, room_id: int, msg_type: int, text: str, username: str) -> int:
        """Send an announcement to a room, and return how many members it goes to."""
        ...

    def members(self, room_id: int) -> list[Member]:
        """Return who is in a room, by name."""
        ...

    def occupancy(self) -> Mapping[int, int]:
        """Return how many members each room has that has any."""
        ...

    def put_out(self, room_id: int, connection: int) -> Member | None:
        """Put a member out of a room, and return who that was; ``None`` if nobody."""
        ...

    def session_ended(self, key: str) -> None:
        """Close the connections of a session that has ended."""
        ...

    @property
    def next_change(self) -> trio.Event:
        """What is set at the next change of a room, or of a name or right of a member."""
        ...

    async def refresh(self) -> None:
        """Return when changes made to the store before this call are in force."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """
    What pages stand on.

    Attributes:
        store: Users, rooms and sessions.
        settings: The server's settings.
        chat: The chat that is behind the same port.
        sightings: Where the use of sessions and tokens is noted.
        throttle: Counts wrong passwords; made from the settings.
        waits: Requests that wait for news; made from the settings.

    """

    store: Store
    settings: Settings
    chat: Chat
    sightings: Sightings = field(default_factory=Sightings)
    throttle: LoginThrottle = field(init=False)
    waits: Waits = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        throttle = LoginThrottle(rate=settings.login_rate, burst=settings.login_burst)
        object.__setattr__(self, "throttle", throttle)
        waits = Waits(most=settings.max_connections // WAITING_SHARE)
        object.__setattr__(self, "waits", waits)

    async def end_session(self, key: str) -> None:
        """End a session and tell whoever serves it."""
        await self.store.end_session(key)
        self.chat.session_ended(key)

    async def changed(self) -> None:
        """
        Return when a change just made to the store is in force in the chat.

        Should the store be away at this moment, the chat finds out by itself once it is back.
        """
        with contextlib.suppress(StoreUnavailable):
            await self.chat.refresh()
