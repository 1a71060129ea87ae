"""What fits and what does not: nothing is dropped in silence."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multichat_server.django_import.mapping import map_rooms, map_users
from multichat_server.storage import RoomRecord
from multichat_server.storage.importing import NewUser
from multichat_server.storage.names import HIGHEST_ID, valid_title, valid_username
from tests.server.django_import.made import HASH


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ((2, "two words", HASH, 0, 1), "a user name has only letters, digits and @.+-_ in it"),
        ((2, "", HASH, 0, 1), "a user name cannot be empty"),
        ((2, "x" * 151, HASH, 0, 1), "a user name has at most 150 characters"),
        ((2, "a\nb", HASH, 0, 1), "a user name has only letters"),
        ((2, "a\0b", HASH, 0, 1), "a user name has only letters"),
        ((2, "\udcff", HASH, 0, 1), "a user name has only letters"),
        ((2, None, HASH, 0, 1), "its name is no text"),
        ((2, b"alice", HASH, 0, 1), "its name is no text"),
        ((2, "bob", None, 0, 1), "its password's hash is no text"),
        ((2, "bob", HASH, None, 1), "is_staff is neither true nor false"),
        ((2, "bob", HASH, 2, 1), "is_staff is neither true nor false"),
        ((2, "bob", HASH, 0, "yes"), "is_active is neither true nor false"),
        ((2, "bob", HASH, 0, 1.0), "is_active is neither true nor false"),
        ((2, "alice", HASH, 0, 1), "user 1 has the same name"),
    ],
    ids=range(14),
)
def test_a_user_that_does_not_fit(row: tuple[Any, ...], sentence: str) -> None:
    users, notes = map_users([(1, "alice", HASH, 0, 1), row])

    assert list(users) == ["1"]
    (note,) = notes
    assert (note.thing, note.id, note.code, note.is_loss) == ("user", "2", "left_out", True)
    assert note.sentence.startswith(sentence)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ((0, "x", 0), f"a room's id is from 1 to {HIGHEST_ID}, not 0"),
        ((-1, "x", 0), f"a room's id is from 1 to {HIGHEST_ID}, not -1"),
        ((2**63, "x", 0), f"a room's id is from 1 to {HIGHEST_ID}, not {2**63}"),
        (("a7c4", "x", 0), "its id is no number"),
        ((True, "x", 0), "its id is no number"),
        ((2, "x" * 256, 0), "a room's title has at most 255 characters"),
        ((2, "  ", 0), "a room's title cannot be blank"),
        ((2, "a\x1b[31m", 0), "a room's title has no control characters in it"),
        ((2, "a\u2028b", 0), "a room's title has no control characters in it"),
        ((2, "a\udcff", 0), "a room's title has no control characters in it"),
        ((2, None, 0), "its title is no text"),
        ((2, "x", None), "staff_only is neither true nor false"),
        ((1, "x", 0), "there are two rooms with this id"),
    ],
    ids=range(13),
)
def test_a_room_that_does_not_fit(row: tuple[Any, ...], sentence: str) -> None:
    rooms, notes = map_rooms([(1, "room 1", False), row])

    assert rooms == {"1": RoomRecord(1, "room 1", staff_only=False)}
    (note,) = notes
    assert (note.thing, note.code, note.is_loss) == ("room", "left_out", True)
    assert note.sentence.startswith(sentence)


def test_a_name_is_brought_into_its_normal_form_unless_somebody_has_it() -> None:
    """NFKC: what is typed at the login is, too. Whoever has the form itself comes first."""
    rows = [
        (1, "ｂｏｂ", HASH, 0, 1),
        (2, "ﬁona", HASH, 0, 1),
        (3, "bob", HASH, 0, 1),
        (4, "ﬁona", HASH, 0, 1),
    ]
    users, notes = map_users(rows)

    assert {shown: user.username for shown, user in users.items()} == {"2": "fiona", "3": "bob"}
    assert [(note.id, note.code, note.sentence) for note in notes] == [
        ("1", "left_out", "user 3 has the same name, bob"),
        ("2", "renamed", "it is written fiona here; both log in"),
        ("4", "left_out", "user 2 has the same name, fiona"),
    ]


def test_names_that_differ_by_case_alone_are_both_brought_over_and_reported() -> None:
    """They are two accounts here as there; a person may not see that."""
    users, notes = map_users([(1, "alice", HASH, 0, 1), (2, "Alice", HASH, 1, 1)])

    assert [user.username for user in users.values()] == ["alice", "Alice"]
    (note,) = notes
    assert (note.id, note.code, note.is_loss) == ("2", "looks_alike", False)
    assert note.sentence == "there is also alice"


@pytest.mark.parametrize(
    ("stored", "code", "sentence"),
    [
        ("md5$a$b", "password_lost", "its password is hashed by md5, so that it needs a new one"),
        ("\x1b[31m$x", "password_lost", "its password is kept in a way that is not known"),
        ("x" * 5000, "password_lost", "its password is kept in a way that is not known"),
        ("", "password_lost", "its password is kept in a way that is not known"),
        ("!abc", "no_password", "it has no password, there and here"),
    ],
    ids=["old", "hostile", "long", "empty", "none"],
)
def test_a_password_that_cannot_be_kept(stored: str, code: str, sentence: str) -> None:
    users, notes = map_users([(1, "alice", stored, 0, 1)])

    assert users == {"1": NewUser("alice", "!", is_staff=False, is_active=True)}
    (note,) = notes
    assert note.code == code
    assert note.sentence.startswith(sentence)
    assert note.is_loss is (code == "password_lost")


ANYTHING = st.one_of(
    st.text(),
    st.binary(),
    st.integers(),
    st.floats(),
    st.none(),
    st.booleans(),
    st.sampled_from(["alice", "Alice", "ａlice", HASH]),
)


@given(st.lists(st.tuples(st.integers(), ANYTHING, ANYTHING, ANYTHING, ANYTHING), max_size=8))
def test_each_user_is_in_the_plan_or_reported(rows: list[tuple[Any, ...]]) -> None:
    rows = [(number, *row[1:]) for number, row in enumerate(rows)]

    users, notes = map_users(rows)

    left_out = [note.id for note in notes if note.code == "left_out"]
    assert sorted([*users, *left_out]) == sorted(str(row[0]) for row in rows)
    names = [user.username for user in users.values()]
    assert len(set(names)) == len(names)
    assert all(valid_username(name) == name for name in names)


@given(st.lists(st.tuples(ANYTHING, ANYTHING, ANYTHING), max_size=8))
def test_each_room_is_in_the_plan_or_reported(rows: list[tuple[Any, ...]]) -> None:
    rooms, notes = map_rooms(rows)

    assert len(rooms) + len(notes) == len(rows)
    for room in rooms.values():
        valid_title(room.title)
    for note in notes:
        note.name.encode()
        assert len(note.name) <= 1300
