"""
What of a Django database fits our rules: rows as they come to a plan, and notes about the rest.

Nothing is dropped in silence: each row is in the plan, or a note says why it is not.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from multichat_server.django_hashes import NO_PASSWORD, is_checkable
from multichat_server.django_import.report import Code, Note, Thing
from multichat_server.storage import InvalidValue, RoomRecord
from multichat_server.storage.importing import NewUser
from multichat_server.storage.names import valid_room_id, valid_title, valid_username
from multichat_server.storage.searching import fold

__all__ = ["map_rooms", "map_users"]

# A name in a note; titles have 255 at most.
_LONGEST_SHOWN: Final = 300
# An algorithm's name in a note.
_LONGEST_ALGORITHM: Final = 30


def map_users(rows: Iterable[Sequence[Any]]) -> tuple[dict[str, NewUser], list[Note]]:
    """
    Return the users to bring over, by the id they have there, and what to say about others.

    Args:
        rows: The id, the name, the hash of the password, whether staff, whether active.

    """
    users: dict[str, NewUser] = {}
    notes = _Notes("user")
    # A name in its normal form already has the right to it before one that becomes it.
    taken: dict[str, str] = {}
    waiting: list[tuple[str, str, NewUser]] = []
    for user_id, name, password, is_staff, is_active in rows:
        shown = _shown(user_id)
        try:
            user = NewUser(
                valid_username(_text(name, "its name")),
                _text(password, "its password's hash"),
                _truth(is_staff, "is_staff"),
                _truth(is_active, "is_active"),
            )
        except InvalidValue as exc:
            notes.add(shown, name, "left_out", str(exc))
            continue
        if user.username != name:
            waiting.append((shown, name, user))
        elif user.username in taken:
            notes.add(shown, name, "left_out", f"user {taken[name]} has the same name")
        else:
            taken[user.username] = shown
            users[shown] = user
    for shown, name, user in waiting:
        if user.username in taken:
            other = taken[user.username]
            notes.add(shown, name, "left_out", f"user {other} has the same name, {user.username}")
            continue
        taken[user.username] = shown
        users[shown] = user
        notes.add(shown, name, "renamed", f"it is written {user.username} here; both log in")
    _note_alike(users, notes)
    return {shown: _with_password(shown, user, notes) for shown, user in users.items()}, notes.made


def map_rooms(rows: Iterable[Sequence[Any]]) -> tuple[dict[str, RoomRecord], list[Note]]:
    """
    Return the rooms to bring over, by their id as text, and what to say about others.

    Args:
        rows: The id, the title, whether it is for staff only.

    """
    rooms: dict[str, RoomRecord] = {}
    notes = _Notes("room")
    for room_id, title, staff_only in rows:
        shown = _shown(room_id)
        try:
            room = RoomRecord(
                valid_room_id(_number(room_id)),
                valid_title(_text(title, "its title")),
                _truth(staff_only, "staff_only"),
            )
        except InvalidValue as exc:
            notes.add(shown, title, "left_out", str(exc))
            continue
        if shown in rooms:
            notes.add(shown, title, "left_out", "there are two rooms with this id")
            continue
        rooms[shown] = room
    return rooms, notes.made


class _Notes:
    """Notes about things of one kind."""

    def __init__(self, thing: Thing) -> None:
        self._thing = thing
        self.made: list[Note] = []

    def add(self, shown_id: str, name: object, code: Code, sentence: str) -> None:
        self.made.append(Note(self._thing, shown_id, _shown(name), code, sentence))


def _with_password(shown: str, user: NewUser, notes: _Notes) -> NewUser:
    """Return the user with a hash that can be stored."""
    stored = user.password
    if is_checkable(stored):
        return user
    if stored.startswith(NO_PASSWORD):
        notes.add(shown, user.username, "no_password", "it has no password, there and here")
    else:
        algorithm, dollar, _ = stored.partition("$")
        is_named = dollar and algorithm.isidentifier() and len(algorithm) <= _LONGEST_ALGORITHM
        how = f"hashed by {algorithm}" if is_named else "kept in a way that is not known"
        notes.add(
            shown,
            user.username,
            "password_lost",
            f"its password is {how}, so that it needs a new one: multichat admin user change"
            f" {user.username} --password",
        )
    return NewUser(user.username, NO_PASSWORD, user.is_staff, user.is_active)


def _note_alike(users: dict[str, NewUser], notes: _Notes) -> None:
    """Say which names differ so little that people can be taken for each other."""
    seen: dict[str, str] = {}
    for shown, user in users.items():
        other = seen.setdefault(fold(user.username), user.username)
        if other != user.username:
            notes.add(shown, user.username, "looks_alike", f"there is also {other}")


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise InvalidValue(f"{what} is no text")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidValue("its id is no number")
    return value


def _truth(value: object, what: str) -> bool:
    # SQLite has numbers.
    if value not in (0, 1) or not isinstance(value, int):
        raise InvalidValue(f"{what} is neither true nor false")
    return bool(value)


def _shown(value: object) -> str:
    """Return whatever a column holds as text that can be printed as JSON and is not endless."""
    text = value if isinstance(value, str) else repr(value)
    return text[:_LONGEST_SHOWN].encode("utf-8", "backslashreplace").decode()
