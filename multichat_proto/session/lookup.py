"""Finding a room of a session by its id, and saying why it is not there."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar, overload

from multichat_proto.exceptions import LocalProtocolError, NotAMember, RoomError
from multichat_proto.messages import Room, room_id

__all__ = ["Rooms", "wanted_rooms"]

D = TypeVar("D")
R = TypeVar("R")
V = TypeVar("V")


def wanted_rooms(rooms: Iterable[str | int]) -> tuple[str | int, ...]:
    """
    Return the rooms that are wanted from the start.

    Raises:
        LocalProtocolError: They are no series of rooms. A string is one of characters, and
            ``"12"`` is not meant for rooms 1 and 2.

    """
    if isinstance(rooms, str | bytes) or not isinstance(rooms, Iterable):
        raise LocalProtocolError(f"rooms must be a list of rooms, such as [1], not {rooms!r}")
    return tuple(rooms)


class _NotThere(NotAMember, KeyError):
    """What a lookup raises: for those who know the session, and for those who know mappings."""

    __str__ = Exception.__str__  # a KeyError's would quote the sentence


class Rooms(Mapping[str, R], Generic[R]):
    """
    The rooms that are wanted, or that the server put one into, by their id.

    They are found by the id as the server writes it or, as in ``join``, by its number. One that
    is not there raises :class:`NotAMember`, which is a ``KeyError`` here; if the server refused
    it, its ``refusal`` says how.

    Args:
        views: What the session knows.
        give: Makes a room of that.
        refusals: Why rooms that were wanted are not there.

    """

    def __init__(
        self, views: Mapping[Room, V], give: Callable[[V], R], refusals: Mapping[Room, RoomError]
    ) -> None:
        # The views are the caller's, of whatever kind.
        self._get: Callable[[Room], R] = lambda room: give(views[room])
        self._views: Mapping[Room, object] = views
        self._refusals = refusals

    def __getitem__(self, room: str | int) -> R:
        """Return the room with this id."""
        name = room_id(room)
        if name is None or name not in self._views:
            raise _NotThere(str(room), None if name is None else self._refusals.get(name))
        return self._get(name)

    @overload
    def get(self, room: str | int, default: None = None, /) -> R | None: ...
    @overload
    def get(self, room: str | int, default: R | D, /) -> R | D: ...

    def get(self, room: str | int, default: D | None = None, /) -> R | D | None:
        """Return the room with this id, or the default."""
        name = room_id(room)
        return default if name is None or name not in self._views else self._get(name)

    def __contains__(self, room: object) -> bool:
        """Return whether there is a room with this id."""
        name = room_id(room)
        return name is not None and name in self._views

    def __iter__(self) -> Iterator[str]:
        """Iterate over the ids, as the server writes them."""
        return iter(self._views)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._views)

    def __repr__(self) -> str:
        return f"<Rooms {', '.join(self._views) or 'none'}>"
