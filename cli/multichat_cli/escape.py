r"""
Make text from the network harmless to a terminal and to the person before it.

Whoever writes in a chat chooses the text, and a terminal obeys what it prints: ``ESC`` moves
the cursor, sets the title, answers as if typed. Other characters drive no terminal and lie to
the reader: a line break or separator fakes a line of somebody else, a bidirectional control
turns words around, an invisible letter makes two names look the same. All of these are shown
as escapes (``\x1b``, ``\u202e``); every other character stays. The exact text is what
``--json`` is for.
"""

import unicodedata
from typing import Final

__all__ = ["escape", "escape_name"]

_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

# Cc: C0, DEL, C1. Cf: bidirectional controls, zero-width characters, tags. Cs: half a
# character. Zl, Zp: line and paragraph separator.
_HARMFUL: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

# Invisible without being a format character: fillers that count as letters, and joiners and
# selectors that count as marks (Unicode's Default_Ignorable_Code_Point).
_INVISIBLE: Final = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}
    | set(range(0x180B, 0x1810))
    | set(range(0xFE00, 0xFE10))
    | set(range(0xE0000, 0xE1000))
)

_EMOJI_SELECTOR: Final = "\ufe0f"
_ZERO_WIDTH_JOINER: Final = "\u200d"

_MOST_MARKS: Final = 4
"""Marks on one letter before the rest is escaped. Living languages use up to three or four;
a hundred of them paint over the lines above and below."""

_NAME_PUNCTUATION: Final = frozenset("@.+-_'")


def escape(text: str) -> str:
    """
    Return a text of one line that drives no terminal and hides nothing.

    Emoji stay whole: the joiner and the selectors inside a sequence are harmless there.
    """
    shown: list[str] = []
    marks = 0
    for i, character in enumerate(text):
        if character.isascii() and character.isprintable():
            shown.append(character)
            marks = 0
            continue
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if _is_inside_emoji(text, i):
            shown.append(character)
        elif category in _HARMFUL or ord(character) in _INVISIBLE or marks > _MOST_MARKS:
            shown.append(_escaped(character))
        else:
            shown.append(character)
    return "".join(shown)


def escape_name(name: str) -> str:
    r"""
    Return a user name in which only letters, digits and ``@.+-_'`` stay as they are.

    So a name cannot look like a name with words behind it: ``bob: hi`` comes out as
    ``bob\x3a\x20hi``.
    """
    return "".join(
        character
        if character in _NAME_PUNCTUATION
        or (unicodedata.category(character)[0] in "LN" and ord(character) not in _INVISIBLE)
        else _escaped(character)
        for character in name
    )


def _escaped(character: str) -> str:
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _is_inside_emoji(text: str, i: int) -> bool:
    """Tell whether a joiner or selector stands between, or behind, the parts of an emoji."""
    before, after = text[i - 1 : i], text[i + 1 : i + 2]
    if text[i] == _ZERO_WIDTH_JOINER:
        return (_is_symbol(before) or before == _EMOJI_SELECTOR) and _is_symbol(after)
    return text[i] == _EMOJI_SELECTOR and _is_symbol(before)


def _is_symbol(character: str) -> bool:
    # Sk: the skin tones.
    return (
        character != ""
        and not character.isascii()
        and unicodedata.category(character) in ("So", "Sk")
    )
