"""Which table is meant: the original's, the one that is named, or the only one like it."""

from pathlib import Path
from typing import Any

import pytest

from multichat_server.django_import import Source, SourceError, read_django
from multichat_server.django_import.reading import ROOMS, find_table
from tests.server.django_import.made import make_django

A_ROOM = {"id", "title", "staff_only", "slug"}


@pytest.mark.parametrize(
    ("tables", "named", "found"),
    [
        ({"chat_room": A_ROOM, "forum_room": A_ROOM}, None, "chat_room"),
        ({"chat_room": A_ROOM, "forum_room": A_ROOM}, "forum_room", "forum_room"),
        ({"forum_room": A_ROOM, "x": {"id", "title"}}, None, "forum_room"),
    ],
    ids=["original", "named", "only"],
)
def test_the_table_of_rooms(tables: dict[str, set[str]], named: str | None, found: str) -> None:
    assert find_table(tables, ROOMS, named) == found


@pytest.mark.parametrize(
    ("tables", "named", "sentence"),
    [
        ({}, None, "there is no table chat_room, nor another with the columns id, title, "),
        ({"chat_room": A_ROOM}, "no_such", "there is no table no_such$"),
        ({"chat_room": A_ROOM}, "Chat_Room", "there is no table Chat_Room$"),
        ({"x": {"id"}}, "x", "the table x has no column title, staff_only: "),
        ({"b": A_ROOM, "a": A_ROOM}, None, "rooms: a, b\\? Name it with --room-table$"),
        ({"chat_room": {"id", "title"}, "b": A_ROOM}, None, "has no column staff_only"),
    ],
    ids=["none", "unknown", "case", "unfit", "several", "half"],
)
def test_no_table_of_rooms(tables: dict[str, set[str]], named: str | None, sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence):
        find_table(tables, ROOMS, named)


ODD = 'Odd "table"; --'


@pytest.mark.parametrize(
    "names", [{}, {"user_table": ODD, "room_table": "select"}], ids=["found", "named"]
)
async def test_tables_of_other_names_are_found(django: str, names: dict[str, Any]) -> None:
    """Of any name: it is quoted, never part of the statement."""
    make_django(django, user_table=ODD.replace('"', '""'), room_table="select", users=[], rooms=[])

    source = await read_django(django, **names)

    assert (source.users, source.rooms) == ({}, {})


async def test_text_that_is_not_utf_8_is_one_row_left_out(tmp_path: Path) -> None:
    """SQLite keeps what it is given."""
    more = [
        "INSERT INTO chat_room VALUES (2, CAST(x'ff6162' AS TEXT), 0)",
        "INSERT INTO chat_room VALUES (3, x'00ff', 0), (4, 'a', 'yes')",
        "UPDATE auth_user SET username = CAST(x'c328' AS TEXT)",
    ]
    django = f"sqlite:///{tmp_path / 'django.sqlite3'}"
    make_django(django, more=more)

    source: Source = await read_django(django)

    assert list(source.rooms) == ["1"]
    assert source.users == {}
    assert [(note.thing, note.id, note.code) for note in source.notes] == [
        ("user", "1", "left_out"),
        *(("room", number, "left_out") for number in "234"),
    ]
    for note in source.notes:
        note.name.encode()
        note.sentence.encode()
