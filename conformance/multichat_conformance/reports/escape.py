r"""
Make what a target sent harmless, and visible, before it is shown to anybody.

A report quotes the traffic of a server that may be hostile, and a terminal obeys what it prints:
``ESC`` moves the cursor, a bidirectional control turns words around, an invisible letter makes
two frames look the same. For whoever looks for a mistake in a frame, what cannot be seen is
what matters most, so every such character is shown as an escape (``\x1b``, ``\u202e``), also
where it would be harmless, as inside an emoji. The exact text is in the JSON Lines.

What a format adds to that (``<`` in HTML, ``|`` in Markdown) is the business of its report.
"""

import unicodedata
from typing import Final

__all__ = ["cut", "visible"]

_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

# Invisible though Unicode counts them as letters or marks (Default_Ignorable_Code_Point).
_INVISIBLE: Final = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}
    | set(range(0x180B, 0x1810))
    | set(range(0xFE00, 0xFE10))
    | set(range(0xE0000, 0xE1000))
)

_MOST_MARKS: Final = 4
"""Marks on one letter before the rest is escaped: a hundred paint over the lines around."""


def visible(text: str) -> str:
    r"""
    Return a text as one line in which nothing is hidden and that drives no terminal.

    Escaped is what :meth:`str.isprintable` does not take for printable (controls, format
    characters, halves of characters, separators but the space, what is not assigned) and what
    is invisible all the same. A backslash stays as it is.
    """
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if character.isprintable() and ord(character) not in _INVISIBLE and marks <= _MOST_MARKS:
            shown.append(character)
        else:
            shown.append(_escaped(character))
    return "".join(shown)


def cut(text: str, most: int, mark: str = "…") -> str:
    """
    Return a text of at most ``most`` characters, and behind it how much is missing.

    Args:
        text: The text.
        most: What is kept of it, in code points.
        mark: What stands for the rest.

    """
    if len(text) <= most:
        return text
    return f"{text[:most]}{mark} ({len(text) - most:,} more characters)"


def _escaped(character: str) -> str:
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
