"""Commands: words become arguments, and mistakes are answered with the usage."""

# ruff: noqa: ARG001  # a handler is given more than some of them need

# what a handler is given is not what each one needs

from __future__ import annotations

import datetime
import decimal
import enum
import inspect
import uuid
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multichat_proto import RoomMessage
from multichat_proto.bots import Bot, Context, HandlerInvalid, UsageError
from multichat_proto.bots.commands import Command, Commands
from multichat_proto.bots.words import split_first, split_words
from tests.sdk.bots.stage import Stage, on_both

if TYPE_CHECKING:
    from multichat_proto.events import ChatEvent


class Colour(enum.Enum):
    RED = "red"
    DEEP_BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


def command_of(function: Any) -> Command:
    return Command.of(
        function,
        inspect.signature(function),
        name=None,
        help=None,
        aliases=(),
        is_hidden=False,
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("  ", []),
        ("a", ["a"]),
        (" a\tb\n c ", ["a", "b", "c"]),
        ('"a b" c', ["a b", "c"]),
        ('""', [""]),
        (r'"a \"b\" \\ \n"', [r'a "b" \ \n']),
        ("“a b” „c d“ «e f»", ["a b", "c d", "e f"]),
        ("don't 5\" 'a b'", ["don't", '5"', "'a", "b'"]),
        (r"C:\x", [r"C:\x"]),
        ("a\u2003b", ["a", "b"]),
    ],
    ids=[
        "none", "space", "one", "white-space", "quoted", "empty", "escapes", "curly", "inside",
        "backslash", "em-space",
    ],
)  # fmt: skip
def test_words_are_split(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('"a b', "a quote is not closed"),
        ('a "', "a quote is not closed"),
        ('"a\\"', "a quote is not closed"),
        ('"a"b', "a space is missing after a closing quote"),
    ],
    ids=["open", "open-at-end", "escaped", "glued"],
)
def test_wrong_quotes_are_told(text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        split_words(text)


def test_the_rest_of_the_line_is_as_it_was_typed() -> None:
    assert split_first('  one "two  three"   four  "five ', 2) == (
        ["one", "two  three"],
        'four  "five',
    )
    assert split_first("one", 2) == (["one"], "")


@given(st.lists(st.text()))
def test_quoted_words_come_back(words: list[str]) -> None:
    quoted = ['"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words]

    assert split_words(" ".join(quoted)) == words


@given(st.text())
def test_no_text_breaks_the_splitting(text: str) -> None:
    try:
        words = split_words(text)
    except UsageError:
        return
    assert all(isinstance(word, str) for word in words)


@pytest.mark.parametrize(
    ("annotation", "word", "value"),
    [
        (str, "6", "6"),
        (int, "6", 6),
        (int, "-6", -6),
        (float, "1.5", 1.5),
        (bool, "Yes", True),
        (bool, "off", False),
        (Literal["heads", "tails"], "tails", "tails"),
        (Literal[1, 2], "2", 2),
        (Colour, "RED", Colour.RED),
        (Colour, "blue", Colour.DEEP_BLUE),
        (Level, "high", Level.HIGH),
        (Level, "1", Level.LOW),
        (int | None, "6", 6),
        (int | str, "6", 6),
        (str | int, "6", 6),
        (int | str, "six", "six"),
        (decimal.Decimal, "1.10", decimal.Decimal("1.10")),
        (datetime.date, "2031-12-24", datetime.date(2031, 12, 24)),
        (datetime.time, "18:30:00", datetime.time(18, 30)),
        (uuid.UUID, "12345678123456781234567812345678", uuid.UUID("12345678" * 4)),
        (Annotated[int, msgspec.Meta(ge=2, le=100)], "2", 2),
        (Annotated[str, "a note"], "x", "x"),
    ],
    ids=str,
)
def test_a_word_becomes_what_the_parameter_says(annotation: Any, word: str, value: object) -> None:
    async def function(ctx: Any, it: Any) -> None: ...

    function.__annotations__["it"] = annotation
    positional, named = command_of(function).read(word)

    assert positional == [value]
    assert type(positional[0]) is type(value)
    assert named == {}


@pytest.mark.parametrize(
    ("annotation", "word", "sentence"),
    [
        (int, "six", "it must be a whole number, not “six”"),
        (int, "1.5", "it must be a whole number, not “1.5”"),
        (int, "9" * 5_000, f"it must be a whole number, not “{'9' * 40}…”"),
        (int, "٣", "it must be a whole number, not “٣”"),
        (float, "nan", "it must be a number, not “nan”"),
        (float, "inf", "it must be a number, not “inf”"),
        (decimal.Decimal, "nan", "it must be a number, not “nan”"),
        (bool, "maybe", "it must be yes or no, not “maybe”"),
        (Literal["heads", "tails"], "edge", "it must be one of heads, tails, not “edge”"),
        (Colour, "green", "it must be one of red, blue, not “green”"),
        (Level, "3", "it must be one of low, high, not “3”"),
        (int | bool, "x", "it must be a whole number or yes or no, not “x”"),
        (datetime.date, "today", "it must be a date such as 2031-12-24, not “today”"),
        (
            Annotated[int, msgspec.Meta(ge=2, le=100)],
            "1",
            "it must be a whole number, at least 2 and at most 100, not “1”",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_word_is_told(annotation: Any, word: str, sentence: str) -> None:
    async def function(ctx: Any, it: Any) -> None: ...

    function.__annotations__["it"] = annotation

    with pytest.raises(UsageError) as caught:
        command_of(function).read(word)
    assert str(caught.value) == sentence


@given(st.text(), st.sampled_from([int, float, bool, Colour, decimal.Decimal, datetime.date]))
def test_no_word_breaks_the_reading(word: str, annotation: Any) -> None:
    async def function(ctx: Any, *it: Any) -> None: ...

    function.__annotations__["it"] = annotation
    try:
        command_of(function).read(word)
    except UsageError:
        return


async def none(ctx: Any) -> None: ...
async def one(ctx: Any, it: str) -> None: ...
async def maybe(ctx: Any, it: str, that: int = 6) -> None: ...
async def many(ctx: Any, it: str, *those: int) -> None: ...
async def rest(ctx: Any, it: str, *, text: str) -> None: ...
async def rest_or_none(ctx: Any, *, text: str = "") -> None: ...


@pytest.mark.parametrize(
    ("function", "text", "positional", "named", "usage"),
    [
        (none, " ", [], {}, "none"),
        (one, "a", ["a"], {}, "one <it>"),
        (maybe, "a", ["a"], {}, "maybe <it> [that]"),
        (maybe, "a 7", ["a", 7], {}, "maybe <it> [that]"),
        (many, "a", ["a"], {}, "many <it> [those...]"),
        (many, "a 1 2", ["a", 1, 2], {}, "many <it> [those...]"),
        (rest, ' a  "b  c', ["a"], {"text": '"b  c'}, "rest <it> <text...>"),
        (rest_or_none, "", [], {}, "rest-or-none [text...]"),
        (rest_or_none, "a b", [], {"text": "a b"}, "rest-or-none [text...]"),
    ],
    ids=["none", "one", "left-out", "given", "no-more", "more", "rest", "no-rest", "all-rest"],
)
def test_words_become_arguments(
    function: Any, text: str, positional: list[object], named: dict[str, object], usage: str
) -> None:
    command = command_of(function)

    assert command.usage == usage
    assert command.read(text) == (positional, named)


@pytest.mark.parametrize(
    ("function", "text", "sentence"),
    [
        (none, "a", "there is 1 word too many"),
        (one, "", "it is missing"),
        (one, "a b c", "there are 2 words too many"),
        (many, "a 1 x", "those must be a whole number, not “x”"),
        (rest, "a", "text is missing"),
        (rest, '"a', "a quote is not closed"),
    ],
    ids=["too-many", "missing", "two-too-many", "wrong-one", "no-rest", "quote"],
)
def test_wrong_words_are_told(function: Any, text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        command_of(function).read(text)
    assert str(caught.value) == sentence


@on_both
async def test_a_command_is_called_with_its_arguments(stage: Stage) -> None:
    bot = Bot()
    calls: list[tuple[object, ...]] = []

    @bot.command("roll", aliases=("dice", "r"))
    async def throw(ctx: Context[RoomMessage], sides: int = 6, *names: str) -> None:
        assert ctx.command is not None
        calls.append((ctx.command.name, sides, *names))

    async with stage.serving(bot):
        for text in (
            "!roll",
            "!ROLL 8",
            '!dice 20 alice "bob b."',
            "!roll\n4",
            "say !roll",
            "! roll",
            "!",
            "!rolls",
            "roll",
        ):
            await stage.say(text)

    assert calls == [("roll", 6), ("roll", 8), ("roll", 20, "alice", "bob b."), ("roll", 4)]


@on_both
async def test_wrong_words_are_answered_with_the_usage(stage: Stage) -> None:
    bot = Bot(prefix="/")

    @bot.command()
    async def roll(ctx: Context[RoomMessage], sides: int = 6) -> None:
        if sides < 2:
            raise UsageError("a die has at least two sides")
        await ctx.reply("4")

    async with stage.serving(bot):
        for text in ("/roll six", "/roll 1", "/roll 6"):
            await stage.say(text)

        assert stage.replies() == [
            "sides must be a whole number, not “six”\nusage: /roll [sides]",
            "a die has at least two sides\nusage: /roll [sides]",
            "4",
        ]


@on_both
async def test_two_bots_do_not_answer_each_other(stage: Stage) -> None:
    """Whatever a bot says by itself is no command of another one with the same prefix."""
    bots = [Bot("one"), Bot("two")]
    for bot in bots:

        @bot.command()
        async def roll(ctx: Context[RoomMessage], sides: int) -> None:
            """Throw a die."""

    async with (
        stage.serving(bots[0], username="robot"),
        stage.serving(bots[1], username="robota"),
    ):
        for text in ("!roll", "!help", "!help roll", "!help nothing"):
            await stage.say(text)

    assert len(stage.replies("1", "robot")) == len(stage.replies("1", "robota")) == 4


@on_both
async def test_help_is_there_for_free(stage: Stage) -> None:
    bot = Bot()

    @bot.command(aliases=["dice"])
    async def roll(ctx: Context[RoomMessage], sides: int = 6) -> None:
        """
        Throw a die.

        It is fair.
        """

    @bot.command("say", help="Say something.")
    async def say_it(ctx: Context[RoomMessage], room: str, *, text: str) -> None: ...

    @bot.command(room="2")
    async def garden(ctx: Context[RoomMessage]) -> None: ...

    @bot.command(author="bob")
    async def ban(ctx: Context[RoomMessage], user: str) -> None: ...

    @bot.command(hidden=True)
    async def secret(ctx: Context[RoomMessage]) -> None: ...

    async with stage.serving(bot):
        for text in ("!help", "!help !dice", "!help SECRET", "!help garden", "!help nothing"):
            await stage.say(text)

        assert stage.replies() == [
            (
                "commands:\n"
                "!help [command] – List the commands, or say how one is used.\n"
                "!roll [sides] – Throw a die.\n"
                "!say <room> <text...> – Say something."
            ),
            "usage: !roll [sides]\nalso called: dice\nThrow a die.\n\nIt is fair.",
            "usage: !secret",
            "there is no command of that name\nusage: !help [command]",
            "there is no command of that name\nusage: !help [command]",
        ]

    assert [command.name for command in bot.commands] == ["roll", "say", "garden", "ban", "secret"]


@on_both
async def test_help_can_be_ones_own_or_none(stage: Stage) -> None:
    own, silent = Bot(), Bot(help_name=None)

    @own.command("help")
    async def help_me(ctx: Context[RoomMessage]) -> None:
        await ctx.reply("no")

    async with (
        stage.serving(own, username="robot"),
        stage.serving(silent, username="robota"),
    ):
        await stage.say("!help")

        assert stage.replies("1", "robot") == ["no"]
        assert stage.replies("1", "robota") == []


@on_both
async def test_a_long_help_is_cut(stage: Stage) -> None:
    bot = Bot()

    @bot.command(help="x" * 10_000)
    async def long(ctx: Context[RoomMessage]) -> None: ...

    async with stage.serving(bot):
        await stage.say("!help")

        (reply,) = stage.replies()
        assert len(reply) == 4_000
        assert reply.endswith("x…")


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (list, "list"),
        (list[int], "list[int]"),
        (bytes, "bytes"),
        (int | bytes, "int | bytes"),
        (Annotated[bytes, "a note"], "Annotated[bytes, a note]"),
        (Literal[b"x"], "Literal[b'x']"),
        (Annotated[datetime.date, msgspec.Meta(ge=2)], "Annotated[date, msgspec.Meta(ge=2)]"),
    ],
    ids=str,
)
def test_a_type_that_no_word_can_be_is_refused(annotation: Any, words: str) -> None:
    async def function(ctx: Any, it: Any) -> None: ...

    function.__annotations__["it"] = annotation

    with pytest.raises(HandlerInvalid) as caught:
        Bot().command("name")(function)
    sentence = f"command name: it is a {words}, which cannot be made of a word; str, int,"
    assert str(caught.value).startswith(sentence)


def test_a_type_that_is_not_there_at_run_time_is_refused() -> None:
    async def function(ctx: Any, it: NotThere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(HandlerInvalid) as caught:
        Bot().command("name")(function)
    assert str(caught.value) == (
        "command name: the type NotThere of it cannot be resolved;"
        " import it at the top of the module, not for type checkers only"
    )


async def with_names(ctx: Any, **names: str) -> None: ...
async def two_rests(ctx: Any, *, one: str, two: str) -> None: ...
async def many_and_rest(ctx: Any, *many: str, rest: str) -> None: ...


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (with_names, "command name: nobody can type names for **names"),
        (two_rests, "command name: two would be the rest of the line, which one has already"),
        (many_and_rest, "command name: rest would be the rest of the line, which many has already"),
    ],
    ids=["names", "two-rests", "many-and-rest"],
)
def test_a_signature_that_nobody_can_type_is_refused(function: Any, sentence: str) -> None:
    with pytest.raises(HandlerInvalid) as caught:
        Bot().command("name")(function)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("name", ["", "two words", " roll", 6], ids=repr)
def test_a_name_that_is_no_word_is_refused(name: Any) -> None:
    with pytest.raises(HandlerInvalid, match="a name is one word"):
        Bot().command("roll", aliases=[name])(none)


def test_a_name_that_is_taken_is_refused() -> None:
    """The second one leaves nothing behind, not even its other names."""
    bot = Bot()
    bot.command("roll", aliases=["dice"])(one)

    with pytest.raises(HandlerInvalid) as caught:
        bot.command("throw", aliases=["Dice"])(none)

    assert str(caught.value) == "command: 'Dice' is the name of 'roll <it>' already"
    assert [command.name for command in bot.commands] == ["roll"]
    assert repr(bot) == "<Bot None of 1 handlers>"
    bot.command("throw")(none)


def test_no_collection_has_a_name_twice() -> None:
    with pytest.raises(HandlerInvalid, match="'one' is the name of 'one <it>' already"):
        Commands("!", [command_of(one), command_of(one)])


@on_both
async def test_an_answer_that_cannot_be_said_is_told(stage: Stage) -> None:
    """One is put out of the room before the usage is answered."""
    bot = Bot()
    told: list[str] = []

    @bot.command()
    async def roll(ctx: Context[RoomMessage], sides: int = 6) -> None:
        await (await ctx.chat.join("1")).leave()
        raise UsageError("six is enough")

    @bot.on_message(pattern="^word$")
    async def no_command(ctx: Context[RoomMessage]) -> None:
        raise UsageError("not a command at all")

    @bot.on_error
    async def tell(ctx: Context[ChatEvent | None], exc: Exception) -> None:
        told.append(f"{type(exc).__name__}: {exc}")

    async with stage.serving(bot):
        await stage.say("word")
        await stage.say("!roll")

        assert told == [
            "UsageError: not a command at all",
            "NotAMember: not a member of room 1; join it first",
        ]
        assert stage.replies() == []
