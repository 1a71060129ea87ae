"""The import as a whole: read in a thread, fit, write in one transaction, report."""

from collections.abc import Callable
from dataclasses import dataclass

import trio

from multichat_server.django_import.mapping import map_rooms, map_users
from multichat_server.django_import.reading import ROOMS, USERS, find_table, read, tables_of
from multichat_server.django_import.report import Counts, Note, Report, Thing
from multichat_server.django_import.source import PATIENCE, name_of, open_source
from multichat_server.storage import Actor, RoomRecord, Store, User
from multichat_server.storage.importing import Imported, ImportPlan, NewUser, import_accounts

__all__ = ["Source", "import_django", "read_django"]


@dataclass(frozen=True, slots=True)
class Source:
    """
    What a database of Django's has for us.

    Attributes:
        name: What the database is called.
        users: Those that can be brought over, by their ids there.
        rooms: Those that can be brought over, by their ids as text.
        notes: What there is to say about these and the others.

    """

    name: str
    users: dict[str, NewUser]
    rooms: dict[str, RoomRecord]
    notes: list[Note]


async def read_django(
    where: str,
    *,
    user_table: str | None = None,
    room_table: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
    patience: int = PATIENCE,
) -> Source:
    """
    Read the users and rooms of the original's database, as they are at one moment.

    It runs in a thread; cancelling ends it at the next sign of progress.

    Args:
        where: The database: a SQLite file, or a URL. It is only read.
        user_table: Its table of users; ``None`` for ``auth_user``, or the only one like it.
        room_table: Its table of rooms; ``None`` for ``chat_room``, or the only one like it.
        progress: Told now and then, in that thread, how far it is.
        patience: How long a lock is waited for, in seconds.

    Raises:
        SourceError: It cannot be read, or lacks the tables.

    """

    def tell(sentence: str) -> None:
        trio.from_thread.check_cancelled()
        progress(sentence)

    def work() -> Source:
        with open_source(where, patience=patience) as connection:
            tables = tables_of(connection)
            users_in = find_table(tables, USERS, user_table)
            rooms_in = find_table(tables, ROOMS, room_table)
            users, user_notes = map_users(read(connection, USERS, users_in, tell))
            rooms, room_notes = map_rooms(read(connection, ROOMS, rooms_in, tell))
        return Source(name_of(where), users, rooms, [*user_notes, *room_notes])

    return await trio.to_thread.run_sync(work)


async def import_django(
    store: Store, source: Source, *, by: Actor | None, dry_run: bool = False
) -> Report:
    """
    Bring users and rooms over, in one transaction.

    Rooms keep their ids, users their password hashes. What is here already stays as it is.
    Cancelling leaves either nothing done or all of it.

    Args:
        store: Where to.
        source: What was read.
        by: Who does this; ``None`` leaves it out of the audit log.
        dry_run: Report what would be done, and do nothing.

    Raises:
        StoreUnavailable: The store cannot be reached; nothing was brought over.

    """
    plan = ImportPlan(
        source=source.name,
        users=list(source.users.values()),
        rooms=list(source.rooms.values()),
        left_out=sum(note.code == "left_out" for note in source.notes),
    )
    return _report(source, await import_accounts(store, plan, by=by, dry_run=dry_run))


def _report(source: Source, imported: Imported) -> Report:
    # Of who was here already there is nothing more to say, in particular not of the password.
    notes = [
        note
        for note in source.notes
        if note.code == "left_out"
        or (note.thing == "user" and source.users[note.id].username in imported.new_users)
    ]
    notes += [
        Note("user", user_id, user.username, "differs", difference)
        for user_id, user in source.users.items()
        if (difference := _difference_of_user(user, imported.users_here.get(user.username)))
    ]
    notes += [
        Note("room", room_id, room.title, "differs", difference)
        for room_id, room in source.rooms.items()
        if (difference := _difference_of_room(room, imported.rooms_here.get(room.id)))
    ]
    # Numbers by their length first are in the order of their values.
    notes.sort(key=lambda note: (note.thing == "room", len(note.id), note.id))
    return Report(
        _counts("user", len(imported.new_users), len(imported.users_here), notes),
        _counts("room", len(imported.new_rooms), len(imported.rooms_here), notes),
        notes,
    )


def _counts(thing: Thing, added: int, here: int, notes: list[Note]) -> Counts:
    codes = [note.code for note in notes if note.thing == thing]
    return Counts(
        added,
        here - codes.count("differs"),
        left_out=codes.count("left_out") + codes.count("differs"),
        without_password=codes.count("password_lost"),
    )


def _difference_of_user(user: NewUser, here: User | None) -> str:
    """Return what is otherwise here; the password may be, by a login, and is not looked at."""
    if here is None:
        return ""
    words = [
        f"is {'' if is_so_here else 'not '}{word} here"
        for word, is_so, is_so_here in (
            ("staff", user.is_staff, here.is_staff),
            ("active", user.is_active, here.is_active),
        )
        if is_so != is_so_here
    ]
    return f"there is one already, who {' and '.join(words)}; it stays so" if words else ""


def _difference_of_room(room: RoomRecord, here: RoomRecord | None) -> str:
    if here is None or here == room:
        return ""
    if here.title != room.title:
        return f"there is one already, called {here.title!r}; it stays so"
    return f"there is one already, {'' if here.staff_only else 'not '}for staff only; it stays so"
