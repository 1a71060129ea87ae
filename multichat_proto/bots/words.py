"""
The words of a command, as people type them.

White space parts words. A word that begins with a double quote, straight or curly as telephones
type them, runs to the closing one; in it a backslash stands before a quote or a backslash that
is meant. A quote elsewhere is nothing special: ``don't``, ``5"``.
"""

from typing import Final

from multichat_proto.bots.exceptions import UsageError

__all__ = ["split_first", "split_words"]

_CLOSING: Final = {'"': '"', "“": "”", "„": "“", "«": "»"}


def split_words(text: str) -> list[str]:
    """
    Return the words of ``text``, without their quotes.

    Raises:
        UsageError: A quote is not closed, or a word follows one without a space.

    """
    return split_first(text, None)[0]


def split_first(text: str, most: int | None) -> tuple[list[str], str]:
    """
    Return the first words of ``text``, and the rest of it as it is, but for space around it.

    Args:
        text: It.
        most: How many words; ``None`` takes them all.

    Raises:
        UsageError: A quote in these words is not closed, or a word follows one without a space.

    """
    words: list[str] = []
    at = _skip_space(text, 0)
    while at < len(text) and (most is None or len(words) < most):
        closing = _CLOSING.get(text[at])
        word, at = _plain(text, at) if closing is None else _quoted(text, at + 1, closing)
        words.append(word)
        at = _skip_space(text, at)
    return words, text[at:].rstrip()


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _plain(text: str, at: int) -> tuple[str, int]:
    end = at
    while end < len(text) and not text[end].isspace():
        end += 1
    return text[at:end], end


def _quoted(text: str, at: int, closing: str) -> tuple[str, int]:
    letters: list[str] = []
    while at < len(text):
        letter = text[at]
        if letter == closing:
            if at + 1 < len(text) and not text[at + 1].isspace():
                raise UsageError("a space is missing after a closing quote")
            return "".join(letters), at + 1
        if letter == "\\" and text[at + 1 : at + 2] in (closing, "\\"):
            at += 1
        letters.append(text[at])
        at += 1
    raise UsageError("a quote is not closed")
