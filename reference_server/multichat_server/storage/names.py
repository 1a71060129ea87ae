"""What users, rooms and tokens may be called, and which numbers are ids."""

import re
import unicodedata
from typing import Final

from multichat_server.passwords import LONGEST_PASSWORD
from multichat_server.storage.errors import InvalidValue

__all__ = [
    "HIGHEST_ID",
    "LONGEST_TITLE",
    "LONGEST_USERNAME",
    "is_id",
    "normal_username",
    "parse_id",
    "valid_password",
    "valid_room_id",
    "valid_title",
    "valid_token_name",
    "valid_username",
]

#: What a 64-bit signed integer holds, which is what a room is named by on the wire.
HIGHEST_ID: Final = 2**63 - 1

#: Most characters of a user name. As in Django, whose accounts can be brought over. (Its form
#: takes 254, but no account has more than 150.)
LONGEST_USERNAME: Final = 150

#: Most characters of a room's title.
LONGEST_TITLE: Final = 255

# The canonical form of what 63 bits hold.
_ID: Final = re.compile(r"[1-9][0-9]{0,18}")

_USERNAME: Final = re.compile(r"[\w.@+-]+")
_LONGEST_TOKEN_NAME: Final = 100
# Control characters, lone surrogates, line and paragraph separators.
_CATEGORIES_NOT_IN_TITLES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


# Separators, format characters such as the zero width space, and marks on nothing.
_INVISIBLE: Final = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Mn", "Me", "Mc"})
# Letters and a symbol that stand for nothing: fillers of Hangul, and the blank of Braille.
_BLANKS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def normal_username(username: str) -> str:
    """Return a user name in the one form (NFKC) in which names are stored and looked up."""
    return unicodedata.normalize("NFKC", username)


def valid_username(username: str) -> str:
    """
    Return a new user name in its normal form.

    Raises:
        InvalidValue: It is empty, too long, or has more in it than letters, digits and @.+-_

    """
    name = normal_username(username)
    if not name:
        raise InvalidValue("a user name cannot be empty")
    if len(name) > LONGEST_USERNAME:
        raise InvalidValue(f"a user name has at most {LONGEST_USERNAME} characters")
    if not _USERNAME.fullmatch(name):
        raise InvalidValue(f"a user name has only letters, digits and @.+-_ in it, not {name!a}")
    return name


def valid_password(password: str) -> str:
    """
    Return a new password as it is.

    Raises:
        InvalidValue: It is empty or too long.

    """
    if not password:
        raise InvalidValue("a password cannot be empty")
    if len(password) > LONGEST_PASSWORD:
        raise InvalidValue(f"a password has at most {LONGEST_PASSWORD} characters")
    return password


def valid_title(title: str) -> str:
    """
    Return a new title as it is.

    Raises:
        InvalidValue: Nobody could see it, it is too long, or has line breaks or control characters
            in it.

    """
    if not _is_visible(title):
        raise InvalidValue("a room's title cannot be blank")
    if len(title) > LONGEST_TITLE:
        raise InvalidValue(f"a room's title has at most {LONGEST_TITLE} characters")
    if any(unicodedata.category(c) in _CATEGORIES_NOT_IN_TITLES for c in title):
        raise InvalidValue(f"a room's title has no control characters in it, unlike {title!a}")
    return title


def valid_token_name(name: str) -> str:
    """
    Return a new token's name as it is, without white space around it.

    Raises:
        InvalidValue: Nobody could see it, it is too long, or has line breaks or control characters
            in it.

    """
    name = name.strip()
    if not _is_visible(name):
        raise InvalidValue("a token's name cannot be blank")
    if len(name) > _LONGEST_TOKEN_NAME:
        raise InvalidValue(f"a token's name has at most {_LONGEST_TOKEN_NAME} characters")
    if any(unicodedata.category(c) in _CATEGORIES_NOT_IN_TITLES for c in name):
        raise InvalidValue(f"a token's name has no control characters in it, unlike {name!a}")
    return name


def _is_visible(text: str) -> bool:
    return any(unicodedata.category(c) not in _INVISIBLE and c not in _BLANKS for c in text)


def valid_room_id(room_id: int) -> int:
    """
    Return a new room's id as it is.

    Raises:
        InvalidValue: It is not positive, or has more than 63 bits.

    """
    if not is_id(room_id):
        raise InvalidValue(f"a room's id is from 1 to {HIGHEST_ID}, not {room_id}")
    return room_id


def is_id(number: int) -> bool:
    """Tell whether a number can be the id of anything stored."""
    return 1 <= number <= HIGHEST_ID


def parse_id(text: str) -> int | None:
    """Return the id that a text is; ``None`` if it is none, or written in another way."""
    number = int(text) if _ID.fullmatch(text) else 0
    return number if is_id(number) else None
