"""How the words of a command become the arguments of its function, by their annotations."""

import datetime
import decimal
import enum
import inspect
import math
import types
import uuid
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec

__all__ = ["Reader", "is_optional", "reader_of"]

_YES_AND_NO: Final = {
    **dict.fromkeys(("yes", "y", "true", "on", "1"), True),
    **dict.fromkeys(("no", "n", "false", "off", "0"), False),
}
_NAMED: Final = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    decimal.Decimal: "a number",
    datetime.date: "a date such as 2031-12-24",
    datetime.datetime: "a time such as 2031-12-24T18:30",
    datetime.time: "a time of day such as 18:30:00",
    uuid.UUID: "a UUID",
}
_BOUNDS: Final = (
    ("ge", "at least {}"),
    ("gt", "more than {}"),
    ("le", "at most {}"),
    ("lt", "less than {}"),
    ("multiple_of", "a multiple of {}"),
    ("min_length", "at least {} characters long"),
    ("max_length", "at most {} characters long"),
    ("pattern", "like {}"),
)


class Reader:
    """
    Makes a value of a word.

    Attributes:
        wants: What it takes, in words.

    """

    def __init__(self, wants: str, convert: Callable[[str], object]) -> None:
        self.wants = wants
        self._convert = convert

    def read(self, word: str) -> object:
        """
        Return the value.

        Raises:
            ValueError: The word is not what it takes.

        """
        return self._convert(word)


def reader_of(annotation: Any) -> Reader | None:
    """Return what reads words of this type, or ``None`` if the type cannot be read of one."""
    if annotation is bool:
        return _table(_YES_AND_NO, "yes or no", fold=True)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _enum(annotation)
    origin = get_origin(annotation)
    if origin is Literal:
        choices = get_args(annotation)
        if not all(isinstance(choice, str | int) for choice in choices):
            return None
        table = {str(choice): choice for choice in choices}
        return _table(table, _one_of(table), fold=False)
    if origin in (Union, types.UnionType):
        return _union(annotation)
    if origin is Annotated:
        return _annotated(annotation)
    if isinstance(annotation, type) and annotation in _NAMED:
        return Reader(_NAMED[annotation], _converter(annotation))
    return None


def _converter(annotation: Any) -> Callable[[str], object]:
    def convert(word: str) -> object:
        # msgspec's errors are ValueErrors. Its lax mode reads a number of a string.
        value: object = msgspec.convert(word, annotation, strict=False)
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("not finite")
        if isinstance(value, decimal.Decimal) and not value.is_finite():
            raise ValueError("not finite")
        return value

    return convert


def _table(table: Mapping[str, object], wants: str, *, fold: bool) -> Reader:
    def convert(word: str) -> object:
        key = word.casefold() if fold else word
        if key not in table:
            raise ValueError("not one of them")
        return table[key]

    return Reader(wants, convert)


def _enum(annotation: type[enum.Enum]) -> Reader:
    shown = {
        member.value if isinstance(member.value, str) else name.lower(): member
        for name, member in annotation.__members__.items()
    }
    names = {name.casefold(): member for name, member in annotation.__members__.items()}
    values = {str(member.value).casefold(): member for member in annotation}
    return _table({**names, **values}, _one_of(shown), fold=True)


def _union(annotation: Any) -> Reader | None:
    # Nobody types None: it is what a default says.
    parts = [part for part in get_args(annotation) if part is not types.NoneType]
    # Every word is a text; what is more precise is tried first.
    readers = [reader_of(part) for part in sorted(parts, key=lambda part: part is str)]
    known = [reader for reader in readers if reader is not None]
    if len(known) < len(readers):
        return None

    def convert(word: str) -> object:
        for reader in known:
            try:
                return reader.read(word)
            except ValueError:
                continue
        raise ValueError("none of them")

    return Reader(" or ".join(reader.wants for reader in known), convert)


def _annotated(annotation: Any) -> Reader | None:
    base, *notes = get_args(annotation)
    if (plain := reader_of(base)) is None:
        return None
    bounds = [
        words.format(value)
        for note in notes
        if isinstance(note, msgspec.Meta)
        for name, words in _BOUNDS
        if (value := getattr(note, name)) is not None
    ]
    if not bounds:
        return plain
    try:
        msgspec.json.schema(annotation)
    except TypeError:  # a bound that this type cannot have
        return None
    return Reader(f"{plain.wants}, {' and '.join(bounds)}", _converter(annotation))


def _one_of(choices: Mapping[str, object]) -> str:
    return f"one of {', '.join(choices)}"


def is_optional(parameter: inspect.Parameter) -> bool:
    """Return whether the words may leave the parameter out."""
    return parameter.default is not inspect.Parameter.empty
