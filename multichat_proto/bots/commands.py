"""
Commands: a name, the words after it, and the function that they are the arguments of.

::

    async def roll(ctx, sides: int = 6, *words: str)         # !roll [sides] [words...]
    async def say(ctx, room: str, *, text: str)              # !say <room> <text...>

A parameter takes one word, ``*words`` all that are left; a parameter after ``*`` takes the rest
of the line as it was typed, quotes and all.
"""

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from multichat_proto.bots.exceptions import HandlerInvalid, UsageError
from multichat_proto.bots.parameters import Reader, is_optional, reader_of
from multichat_proto.bots.signatures import UNKNOWN, annotations, name_of, shown
from multichat_proto.bots.words import split_first, split_words

__all__ = ["Command", "Commands"]

_SHOWN: Final = 40
"""Characters of a wrong word that an answer repeats."""

_ORDINARY = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclasses.dataclass(frozen=True, slots=True)
class _Word:
    name: str
    reader: Reader
    is_optional: bool

    def read(self, word: str) -> object:
        try:
            return self.reader.read(word)
        except ValueError as exc:
            shown = word if len(word) <= _SHOWN else f"{word[:_SHOWN]}…"
            raise UsageError(f"{self.name} must be {self.reader.wants}, not “{shown}”") from exc


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Command:
    """
    A command of a bot.

    Attributes:
        name: What it is called by, without the prefix.
        aliases: Other names.
        help: What it does, in a line; perhaps empty.
        description: The same at length; perhaps empty.
        usage: Its name and the words that it takes.
        is_hidden: Whether the list of commands leaves it out.

    """

    name: str
    aliases: tuple[str, ...]
    help: str
    description: str
    usage: str
    is_hidden: bool
    _words: tuple[_Word, ...]
    _many: _Word | None
    _rest: _Word | None

    @classmethod
    def of(
        cls,
        function: Callable[..., Any],
        signature: inspect.Signature,
        *,
        name: str | None,
        help: str | None,  # noqa: A002  # the word that people look for
        aliases: Iterable[str],
        is_hidden: bool,
    ) -> "Command":
        """
        Make a command of a function, whose first parameter is the context.

        Raises:
            HandlerInvalid: A word cannot be made into what a parameter wants.

        """
        name = name_of(function).rpartition(".")[2].replace("_", "-") if name is None else name
        aliases = (aliases,) if isinstance(aliases, str) else tuple(aliases)
        for each in (name, *aliases):
            if (
                not isinstance(each, str)
                or not each
                or len(each.split()) != 1
                or each != each.strip()
            ):
                raise HandlerInvalid(f"command: a name is one word, not {each!r}")
        words, many, rest = _words_of(name, function, signature)
        text = (inspect.getdoc(function) or "") if help is None else help
        return cls(
            name=name,
            aliases=aliases,
            help=text.strip().partition("\n")[0],
            description=text.strip(),
            usage=" ".join([name, *map(_shown, words), *_tail(many, rest)]),
            is_hidden=is_hidden,
            _words=words,
            _many=many,
            _rest=rest,
        )

    def read(self, text: str) -> tuple[list[object], dict[str, object]]:
        """
        Return the arguments that the words of ``text`` are, by position and by name.

        Raises:
            UsageError: They are not what the command takes.

        """
        if self._rest is None:
            words, rest = split_words(text), ""
        else:
            words, rest = split_first(text, len(self._words))
        needed = sum(not word.is_optional for word in self._words)
        if len(words) < needed:
            raise UsageError(f"{self._words[len(words)].name} is missing")
        if len(words) > len(self._words) and self._many is None:
            more = len(words) - len(self._words)
            raise UsageError(f"there {'is 1 word' if more == 1 else f'are {more} words'} too many")
        values = [word.read(given) for word, given in zip(self._words, words, strict=False)]
        if self._many is not None and len(words) > len(self._words):
            # What was left out before them cannot be: they come after all the others.
            values += [self._many.read(given) for given in words[len(self._words) :]]
        if self._rest is None:
            return values, {}
        if not rest:
            if not self._rest.is_optional:
                raise UsageError(f"{self._rest.name} is missing")
            return values, {}
        return values, {self._rest.name: self._rest.read(rest)}


class Commands:
    """
    All commands of a bot, by their names; capitals make no difference.

    Args:
        prefix: What a message begins with that is a command.
        commands: The commands.

    """

    def __init__(self, prefix: str, commands: Iterable[Command]) -> None:
        self.prefix = prefix
        self._by_name: dict[str, Command] = {}
        for command in commands:
            self.add(command)

    def __iter__(self) -> Iterator[Command]:
        return iter(dict.fromkeys(self._by_name.values()))

    def add(self, command: Command) -> None:
        """
        Add a command.

        Raises:
            HandlerInvalid: One of its names is taken; nothing was added.

        """
        self.check(command)
        for name in (command.name, *command.aliases):
            self._by_name[name.casefold()] = command

    def check(self, command: Command) -> None:
        """
        Check that a command can be added.

        Raises:
            HandlerInvalid: One of its names is taken.

        """
        for name in (command.name, *command.aliases):
            if (other := self._by_name.get(name.casefold())) is not None:
                raise HandlerInvalid(f"command: {name!r} is the name of {other.usage!r} already")

    def get(self, name: str) -> Command | None:
        """Return the command of that name, with or without the prefix, or ``None``."""
        return self._by_name.get(name.removeprefix(self.prefix).casefold())

    def find(self, text: str) -> tuple[Command, str] | None:
        """Return the command that a message calls, and what is behind its name."""
        if not text.startswith(self.prefix):
            return None
        called = text.removeprefix(self.prefix)
        name = called.split(maxsplit=1)[0] if called and not called[0].isspace() else ""
        command = self._by_name.get(name.casefold())
        return None if command is None else (command, called[len(name) :])


def _words_of(
    name: str, function: Callable[..., Any], signature: inspect.Signature
) -> tuple[tuple[_Word, ...], _Word | None, _Word | None]:
    types = annotations(function, signature)
    words: list[_Word] = []
    many: _Word | None = None
    rest: _Word | None = None
    for index, parameter in enumerate(signature.parameters.values()):
        if index == 0:
            continue  # the context
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            raise HandlerInvalid(f"command {name}: nobody can type names for **{parameter.name}")
        word = _word(name, parameter, types)
        if parameter.kind in _ORDINARY:
            words.append(word)
        elif parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            many = word
        elif rest is not None or many is not None:
            raise HandlerInvalid(
                f"command {name}: {parameter.name} would be the rest of the line, which"
                f" {(rest or many or word).name} has already"
            )
        else:
            rest = word
    return tuple(words), many, rest


def _word(name: str, parameter: inspect.Parameter, types: Mapping[str, Any]) -> _Word:
    annotation = types[parameter.name]
    if annotation is UNKNOWN and parameter.annotation is not inspect.Parameter.empty:
        raise HandlerInvalid(
            f"command {name}: the type {parameter.annotation} of {parameter.name} cannot be"
            " resolved; import it at the top of the module, not for type checkers only"
        )
    reader = reader_of(str if annotation is UNKNOWN else annotation)
    if reader is None:
        raise HandlerInvalid(
            f"command {name}: {parameter.name} is a {shown(annotation)}, which"
            " cannot be made of a word; str, int, float, bool, Decimal, date, datetime, time,"
            " UUID, Literal, Enum and unions of them can"
        )
    return _Word(parameter.name, reader, is_optional(parameter))


def _shown(word: _Word) -> str:
    return f"[{word.name}]" if word.is_optional else f"<{word.name}>"


def _tail(many: _Word | None, rest: _Word | None) -> list[str]:
    if many is not None:
        return [f"[{many.name}...]"]
    if rest is not None:
        return [f"[{rest.name}...]" if rest.is_optional else f"<{rest.name}...>"]
    return []
