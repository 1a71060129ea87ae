"""Faults of what is said: its form, its length, its characters (sections 4.4 and 8)."""

import html
import unicodedata
from typing import Any

from tests.conformance.small_server.faults.fault import fault
from tests.conformance.small_server.frames import Refused
from tests.conformance.small_server.reading import Fraction, Reading, is_string


@fault("SEND-04", rows=(32,))
class TextsAreTrimmed(Reading):
    """White space around a text is cut off."""

    def text(self, value: Any) -> str:
        return super().text(value).strip()


@fault("SEND-04", rows=(32,))
class TextsAreNormalised(Reading):
    """Texts are brought into one Unicode normal form."""

    def text(self, value: Any) -> str:
        return unicodedata.normalize("NFC", super().text(value))


@fault("SEND-04")
class TextsAreEscaped(Reading):
    """Markup in texts is escaped by the server."""

    def text(self, value: Any) -> str:
        return html.escape(super().text(value))


@fault("SEND-04", rows=(32,))
class TextsLoseNul(Reading):
    """The character U+0000 is taken out of texts."""

    def text(self, value: Any) -> str:
        return super().text(value).replace("\0", "")


@fault("SEND-04", rows=(32,))
class TextsOfThreeBytes(Reading):
    """Characters beyond the basic plane become question marks."""

    def text(self, value: Any) -> str:
        return "".join(each if ord(each) < 0x10000 else "?" for each in super().text(value))


@fault("SEND-04", rows=(31,))
class EmptyTextsAreRefused(Reading):
    """The empty text is no message."""

    def text(self, value: Any) -> str:
        if value == "":
            raise Refused("MESSAGE_INVALID", "say something")
        return super().text(value)


@fault("SEND-05", "MSG-02", rows=(30,))
class TextsOfAnyType(Reading):
    """A message may be any value, and is passed on as that."""

    def text(self, value: Any) -> str:
        if is_string(value):
            return super().text(value)
        return value  # type: ignore[no-any-return]  # that is the fault


@fault("SEND-05", rows=(30,))
class NumbersAreTexts(Reading):
    """A message that is a number or a truth value is passed on as its text."""

    def text(self, value: Any) -> str:
        return str(value) if isinstance(value, (int, Fraction)) else super().text(value)


@fault("SEND-05", rows=(30,))
class NullIsEmpty(Reading):
    """The message null is passed on as the empty text."""

    def text(self, value: Any) -> str:
        return super().text("" if value is None else value)


@fault("LIMIT-03")
class TextsOfAnyLength(Reading):
    """A text may be as long as it likes."""

    def text(self, value: Any) -> str:
        return value if is_string(value) else super().text(value)


@fault("LIMIT-03")
class LengthInBytes(Reading):
    """The length of a text is counted in bytes."""

    def text(self, value: Any) -> str:
        if is_string(value) and len(value.encode()) > self.limits.message_length:
            raise Refused("MESSAGE_TOO_LONG", "too many bytes")
        return super().text(value)


@fault("LIMIT-03")
class LongTextsAreCut(Reading):
    """A text that is too long is cut to the limit and passed on."""

    def text(self, value: Any) -> str:
        return super().text(value[: self.limits.message_length] if is_string(value) else value)


@fault("LIMIT-03")
class OneMoreThanTheLimit(Reading):
    """The limit of a text's length is off by one."""

    def text(self, value: Any) -> str:
        if is_string(value) and len(value) == self.limits.message_length + 1:
            return str(value)
        return super().text(value)


@fault("LIMIT-04")
class ShortTextsOnly(Reading):
    """A text has 1,000 characters at most."""

    def text(self, value: Any) -> str:
        if is_string(value) and len(value) > 1_000:
            raise Refused("MESSAGE_TOO_LONG", "too long")
        return super().text(value)
