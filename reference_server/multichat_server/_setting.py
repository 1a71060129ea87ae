"""
What one setting is: its type, unit, range and meaning, and how a value is read from text.

The settings themselves are in :mod:`multichat_server.config`. A setting's type is the type of
its default, so that it is written down once.
"""

import dataclasses
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network
from types import MappingProxyType
from typing import Final, TypeVar, cast

from multichat_server.origin import Origin

__all__ = [
    "ENVIRONMENT_PREFIX",
    "SettingInfo",
    "Unfit",
    "Value",
    "database_url",
    "describe",
    "fit",
    "host",
    "message_type",
    "network",
    "origin",
    "setting",
    "shown",
]

ENVIRONMENT_PREFIX: Final = "MULTICHAT_"

#: What a setting can be. Lists are tuples, so that settings as a whole are values.
Value = bool | int | float | str | tuple[str, ...]

# What a refused value may take of an error sentence, in characters.
_SHOWN_CHARACTERS: Final = 60

_INTEGER: Final = re.compile(r"[+-]?[0-9]+(?:_[0-9]+)*")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
# MC1-TYPE-01 has 0 to 5. Scripts and databases hold nine digits without loss.
_MESSAGE_TYPE: Final = re.compile(r"(?:[6-9]|[1-9][0-9]{1,8}):[a-z][a-z0-9 _-]{0,29}")
_WORDS_FOR_YES: Final = frozenset({"1", "true", "yes", "on"})
_WORDS_FOR_NO: Final = frozenset({"0", "false", "no", "off"})


class Unfit(Exception):
    """A value does not fit its setting; the text says what would."""


T = TypeVar("T", bound=Value)


def setting(
    default: T,
    meaning: str,
    *,
    unit: str = "",
    least: float = -math.inf,
    most: float = math.inf,
    above: float = -math.inf,
    check: Callable[[str], str] | None = None,
) -> T:
    """
    Make a field of :class:`Settings`.

    Args:
        default: The value if nobody says otherwise; its type is the setting's type.
        meaning: One sentence for the person who runs the server.
        unit: What a number counts; empty for anything that is no measure.
        least: The smallest value allowed.
        most: The greatest value allowed.
        above: A bound that the value must exceed.
        check: Says whether a text (each text of a list) fits, and how it is written properly.

    """
    metadata = MappingProxyType(
        {
            "meaning": meaning,
            "unit": unit,
            "least": least,
            "most": most,
            "above": above,
            "check": check,
        }
    )
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingInfo:
    """
    What there is to say about one setting; documentation and ``--help`` are made from it.

    Attributes:
        name: The key in the file, and the field of :class:`Settings`.
        default: The value if nobody says otherwise.
        unit: What a number counts; empty for anything that is no measure.
        meaning: One sentence for the person who runs the server.
        expected: What values fit, as error sentences put it.

    """

    name: str
    default: Value
    unit: str
    meaning: str
    expected: str
    _least: float
    _most: float
    _above: float
    _check: Callable[[str], str] | None

    @property
    def flag(self) -> str:
        """The option on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable."""
        return ENVIRONMENT_PREFIX + self.name.upper()


def fit(info: SettingInfo, raw: object) -> Value:
    """
    Return a raw value as its setting's type, within its range and properly written.

    Raises:
        Unfit: It cannot be had; the text says what was expected, and what was found.

    """
    match info.default:
        case bool():
            value: Value | None = _as_bool(raw)
        case int() | float():
            value = _as_number(raw, whole=isinstance(info.default, int))
            if value is not None and not (
                info._least <= value <= info._most and value > info._above
            ):
                value = None
        case str():
            value = raw if isinstance(raw, str) else None
        case tuple():
            value = _as_texts(raw)
    if value is None:
        raise Unfit(f"{info.expected}, got {shown(raw)}")
    if info._check is not None:
        if isinstance(value, tuple):
            value = tuple(info._check(text) for text in value)
        elif isinstance(value, str):
            value = info._check(value)
    return value


def _as_bool(raw: object) -> bool | None:
    if isinstance(raw, bool):
        return raw
    word = raw.strip().lower() if isinstance(raw, str) else ""
    if word in _WORDS_FOR_YES:
        return True
    return False if word in _WORDS_FOR_NO else None


def _as_number(raw: object, *, whole: bool) -> int | float | None:
    if isinstance(raw, bool):
        # True is 1 in Python, and a mistake in a file.
        return None
    if isinstance(raw, str):
        text = raw.strip()
        if not (_INTEGER if whole else _NUMBER).fullmatch(text) or len(text) > _SHOWN_CHARACTERS:
            return None
        raw = int(text) if whole else float(text)
    if whole:
        return raw if isinstance(raw, int) else None
    if isinstance(raw, int | float):
        try:
            number = float(raw)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None
    return None


def _as_texts(raw: object) -> tuple[str, ...] | None:
    if isinstance(raw, str):
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    if isinstance(raw, list | tuple):
        texts = tuple(item for item in raw if isinstance(item, str))
        return texts if len(texts) == len(raw) else None
    return None


def host(text: str) -> str:
    """Check a name or address to listen on."""
    if not text or not text.isprintable() or any(c.isspace() for c in text):
        raise Unfit("a host name or address without spaces")
    return text


def database_url(text: str) -> str:
    """Check a database's URL as far as that goes without opening it."""
    # A URL may carry a password, so that the text itself must not be shown.
    if not re.match(r"(sqlite|postgresql)(\+[a-z0-9_]+)?://", text):
        raise Unfit("a URL that begins with sqlite:// or postgresql://")
    return text


def origin(text: str) -> str:
    """Check a web origin and return it in the form in which browsers send it (RFC 6454)."""
    found = Origin.parse(text.removesuffix("/"))
    if found is None:
        raise Unfit("an origin such as https://chat.example or http://localhost:3000")
    return str(found)


def network(text: str) -> str:
    """Check an address or a network in CIDR notation."""
    try:
        return str(ip_network(text))
    except ValueError as exc:
        raise Unfit("an address or network such as 10.0.0.1 or 10.0.0.0/8") from exc


def message_type(text: str) -> str:
    """Check a further type of messages, as number and name."""
    if not _MESSAGE_TYPE.fullmatch(text):
        raise Unfit("a number from 6 on and a name in small letters, such as 6:celebration")
    return text


def _expected(default: Value, least: float, most: float, above: float) -> str:
    match default:
        case bool():
            return "true or false"
        case int() | float():
            kind = "a whole number" if isinstance(default, int) else "a number"
            if above > -math.inf:
                kind += f" above {above:g}"
            elif most < math.inf:
                kind += f" from {least:.0f} to {most:.0f}"
            elif least > -math.inf:
                kind += f" of at least {least:g}"
            return kind
        case str():
            return "a text"
        case tuple():
            return "a list of texts"


def shown(raw: object) -> str:
    """Return a refused value in a form that is short and cannot drive a terminal."""
    text = ascii(raw)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"


def describe(field: "dataclasses.Field[Value]") -> SettingInfo:
    metadata = field.metadata
    default = cast(Value, field.default)
    least, most, above = metadata["least"], metadata["most"], metadata["above"]
    return SettingInfo(
        name=field.name,
        default=default,
        unit=metadata["unit"],
        meaning=metadata["meaning"],
        expected=_expected(default, least, most, above),
        _least=least,
        _most=most,
        _above=above,
        _check=metadata["check"],
    )
