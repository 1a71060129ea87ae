"""
What a new password must be like, where people choose one themselves.

These are the rules of NIST SP 800-63B, section 3.1.1.2, as far as they need no list of millions:
long enough, nothing that everybody tries first, nothing made of the user's own name; and no rule
about kinds of characters, which only makes people write ``Password1!``. Whoever opens the database
itself (``multichat admin``) is not asked to keep them.
"""

from typing import Final

from multichat_server.passwords import LONGEST_PASSWORD

__all__ = ["SHORTEST_PASSWORD", "weakness"]

#: In code points.
SHORTEST_PASSWORD: Final = 8

# Fewer make "aaaaaaaa" and "12121212".
_FEWEST_DIFFERENT: Final = 5

# A shorter name stands in too many words.
_SHORTEST_NAME: Final = 3

# What fingers do by themselves; also backwards.
_RUNS: Final = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop[]asdfghjkl;'zxcvbnm,./",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "qazwsxedcrfvtgbyhnujmikolp",
)

# The words at the head of all lists of stolen passwords, and what is written on this door.
# fmt: off
_WORDS: Final = frozenset(
    {
        "admin", "administrator", "asdfasdf", "baseball", "basketball", "changeme", "chocolate",
        "computer", "default", "dragon", "family", "flower", "football", "freedom", "hello",
        "hunter", "iloveyou", "internet", "jennifer", "letmein", "login", "lovely", "master",
        "michael", "michelle", "multichat", "mustang", "mynoob", "nothing", "p@ssw0rd", "passw0rd",
        "password", "passwort", "princess", "qwerty", "samsung", "secret", "shadow", "soccer",
        "starwars", "sunshine", "superman", "temporary", "test", "testing", "trustno", "welcome",
        "whatever",
    }
)
# fmt: on


def weakness(password: str, *, username: str) -> str | None:
    """
    Say in a sentence why a new password will not do; return ``None`` if it will.

    Args:
        password: The new one.
        username: Whose it is to be.

    """
    if len(password) < SHORTEST_PASSWORD:
        return f"It needs at least {SHORTEST_PASSWORD} characters."
    if len(password) > LONGEST_PASSWORD:
        return f"It can have at most {LONGEST_PASSWORD} characters."
    folded, name = password.casefold(), username.casefold()
    if len(name) >= _SHORTEST_NAME and len(folded.replace(name, "")) < SHORTEST_PASSWORD:
        return "It is too much like your user name."
    if len(set(folded)) < _FEWEST_DIFFERENT:
        return "It needs more different characters."
    if folded.isnumeric():
        return "It needs more than digits."
    if _is_known(folded):
        return "It is one of those that everybody tries first."
    return None


def _is_known(folded: str) -> bool:
    if any(folded in run or folded in run[::-1] for run in _RUNS):
        return True
    # "password123!" is no better than "password".
    word = folded.strip("0123456789!?.,;:*#$%&@_-+= ")
    return word in _WORDS
