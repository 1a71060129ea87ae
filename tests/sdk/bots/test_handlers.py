"""Decorators take what fits, and say what does not; type checkers see the same."""

# ruff: noqa: ARG001, ARG005  # a handler is given more than some of them need

# what a handler is given is not what each one needs

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, assert_type

import pytest

from multichat_proto import (
    Connected,
    Gap,
    MemberEntered,
    MemberLeft,
    MsgType,
    Reconnected,
    RoomLost,
    RoomMessage,
)
from multichat_proto.bots import Bot, CallNext, Context, HandlerInvalid, Handlers
from tests.sdk.bots.stage import Stage, on_both

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from multichat_proto.chat import AsyncChat
    from multichat_proto.events import ChatEvent


def plain(ctx: Any) -> None: ...
async def nothing() -> None: ...
async def one(ctx: Any) -> None: ...
async def two(ctx: Any, more: Any) -> None: ...
async def three(ctx: Any, more: Any, most: Any) -> None: ...
async def optional(ctx: Any, more: int = 0) -> None: ...
async def any_number(*arguments: Any) -> None: ...
async def by_name(ctx: Any, *, more: int) -> None: ...
async def generator(ctx: Any) -> Any:
    yield ctx


async def of_messages(ctx: Context[RoomMessage]) -> None: ...
async def of_two(ctx: Context[RoomMessage | MemberLeft]) -> None: ...
async def of_all(ctx: Context[ChatEvent]) -> None: ...
async def of_any(ctx: Context[Any]) -> None: ...
async def bare(ctx: Context) -> None: ...  # type: ignore[type-arg]  # people leave it out
async def of_entering(ctx: Context[MemberEntered]) -> None: ...
async def an_event(message: RoomMessage) -> None: ...


class Callee:
    async def __call__(self, ctx: Context[RoomMessage]) -> None: ...

    async def method(self, ctx: Context[RoomMessage]) -> None: ...

    def plain(self, ctx: Context[RoomMessage]) -> None: ...


@pytest.mark.parametrize(
    "function",
    [
        one,
        optional,
        any_number,
        of_messages,
        of_two,
        of_all,
        of_any,
        bare,
        Callee(),
        Callee().method,
        functools.partial(two, more=1),
        functools.partial(two, 1),
    ],
    ids=lambda function: getattr(function, "__name__", type(function).__name__),
)
def test_what_takes_a_context_is_a_handler(function: Any) -> None:
    bot = Bot()

    assert bot.on_message(function) is function
    assert bot.on_message(room="1")(function) is function
    assert repr(bot) == "<Bot None of 2 handlers>"


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (6, "on_message decorates an async function, not 6"),
        (plain, "on_message: plain must be declared with 'async def'"),
        (Callee().plain, "on_message: Callee.plain must be declared with 'async def'"),
        (generator, "on_message: generator has a yield in it; a handler is awaited once"),
        (nothing, "on_message: nothing must take the context; it takes nothing"),
        (two, "on_message: two must take the context and no more; it takes ctx, more"),
        (
            Callee.method,
            "on_message: Callee.method must take the context and no more; it takes self, ctx",
        ),
        (by_name, "on_message: by_name is called with the context only; nobody gives it more"),
        (
            an_event,
            ("on_message: an_event is given a Context, but its first parameter is annotated with"
            " RoomMessage"),
        ),
        (
            of_entering,
            ("on_message: of_entering takes Context[MemberEntered], but would be given"
            " Context[RoomMessage]"),
        ),
    ],
    ids=[
        "number", "plain", "plain-method", "generator", "nothing", "two", "unbound", "by-name",
        "event", "other-event",
    ],
)  # fmt: skip
def test_what_does_not_is_refused_with_a_sentence(function: Any, sentence: str) -> None:
    bot = Bot()

    with pytest.raises(HandlerInvalid) as caught:
        bot.on_message()(function)

    assert str(caught.value) == sentence
    assert isinstance(caught.value, TypeError)
    assert repr(bot) == "<Bot None of 0 handlers>"


@pytest.mark.parametrize(
    ("decorate", "function", "sentence"),
    [
        (
            lambda bot: bot.on_start,
            one,
            "on_start: one must take the bot and the chat; it takes ctx",
        ),
        (lambda bot: bot.on_stop, plain, "on_stop: plain must be declared with 'async def'"),
        (
            lambda bot: bot.every(1),
            three,
            "every: three must take the bot and the chat and no more; it takes ctx, more, most",
        ),
        (
            lambda bot: bot.middleware,
            one,
            "middleware: one must take the context and call_next; it takes ctx",
        ),
        (
            lambda bot: bot.on_error,
            one,
            "on_error: one must take the context and the error; it takes ctx",
        ),
        (
            lambda bot: bot.command(),
            nothing,
            "command: nothing must take the context; it takes nothing",
        ),
        (
            lambda bot: bot.command("roll"),
            of_entering,
            (
                "command: of_entering takes Context[MemberEntered], but would be given"
                " Context[RoomMessage]"
            ),
        ),
        (
            lambda bot: bot.on_event(RoomMessage, Gap),
            of_two,
            (
                "on_event: of_two takes Context[RoomMessage | MemberLeft], but would be given"
                " Context[Gap]"
            ),
        ),
    ],
    ids=["start", "stop", "every", "middleware", "error", "command", "command-event", "event"],
)
def test_each_decorator_checks_what_it_is_for(
    decorate: Callable[[Bot], Callable[[Any], Any]], function: Any, sentence: str
) -> None:
    with pytest.raises(HandlerInvalid) as caught:
        decorate(Bot())(function)

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("decorate", "sentence"),
    [
        (lambda bot: bot.on_message(room=()), "no room is named; leave `room` out for all rooms"),
        (lambda bot: bot.on_message(room=True), "a room is a string or an integer, not True"),
        (lambda bot: bot.on_message(room=[1.5]), "a room is a string or an integer, not 1.5"),
        (lambda bot: bot.on_message(author=[]), "`author` is one user's name or more, not []"),
        (lambda bot: bot.on_message(author=[1]), "`author` is one user's name or more, not [1]"),
        (
            lambda bot: bot.on_message(type=MsgType.ENTER),
            "`type` is one or more of MESSAGE, WARNING, ALERT, MUTED, not <MsgType.ENTER: 4>",
        ),
        (lambda bot: bot.on_message(type=[]), "`type` is one or more of"),
        (lambda bot: bot.on_message(pattern="("), "the pattern '(' is wrong: "),
        (lambda bot: bot.on_message(pattern=re.compile(b"x")), "searched in text, not in bytes"),
        (lambda bot: bot.on_message(timeout=0)(one), "a timeout is more than 0 seconds, not 0"),
        (lambda bot: bot.on_event(int), "on_event takes classes of ChatEvent, not <class 'int'>"),
        (lambda bot: bot.every(0)(two), "an interval is a number of seconds, at least 0.001"),
        (lambda bot: bot.every(float("nan"))(two), "an interval is a number of seconds"),
        (lambda bot: bot.every(1, jitter=2)(two), "jitter is between 0 and the interval"),
        (lambda bot: Bot(prefix=" !"), "a prefix is a text without space around it, not ' !'"),
        (lambda bot: Bot(prefix=""), "a prefix is a text without space around it, not ''"),
        (lambda bot: Bot(max_queue=0), "each limit of a bot is at least 1"),
        (lambda bot: Bot(handler_timeout=0), "a bot's timeouts are more than 0 seconds"),
        (lambda bot: Bot(stop_timeout=-1), "a bot's timeouts are more than 0 seconds"),
    ],
    ids=[
        "no-room", "bool-room", "float-room", "no-author", "int-author", "enter", "no-type",
        "pattern", "bytes", "timeout", "no-event", "interval", "nan", "jitter", "prefix",
        "no-prefix", "queue", "handler-timeout", "stop-timeout",
    ],
)  # fmt: skip
def test_arguments_that_make_no_sense_are_refused(
    decorate: Callable[[Any], Any], sentence: str
) -> None:
    with pytest.raises(HandlerInvalid) as caught:
        decorate(Bot())

    assert sentence in str(caught.value)


def test_an_annotation_that_cannot_be_resolved_is_no_obstacle() -> None:
    """What is imported for type checkers only is not there when the decorator looks."""

    async def handler(ctx: Context[NotThere]) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    assert Bot().on_message(handler) is handler


def test_a_local_name_is_resolved_where_the_function_uses_it() -> None:

    class Local(MemberEntered, frozen=True): ...

    async def handler(ctx: Context[Local]) -> None:
        assert isinstance(ctx.event, Local)

    with pytest.raises(HandlerInvalid, match=r"takes Context\[Local\]"):
        Bot().on_message(handler)  # type: ignore[type-var]


def test_what_is_not_annotated_is_not_checked() -> None:
    """A word of a command is a text then."""
    names: dict[str, Any] = {}
    exec("async def handler(ctx): ...\nasync def roll(ctx, sides): ...", names)  # noqa: S102
    bot = Bot()

    bot.on_message(names["handler"])
    bot.command()(names["roll"])

    (command,) = bot.commands
    assert command.read("6") == (["6"], {})


def test_a_function_may_use_what_comes_later() -> None:
    """Its closure has a hole when the decorator looks."""

    async def handler(ctx: Context[RoomMessage]) -> None:
        later()

    assert Bot().on_message(handler) is handler

    def later() -> None: ...


def test_type_checkers_know_the_event() -> None:
    """What they would accept or refuse, the decorators accept or refuse."""
    bot = Bot()

    @bot.on_message(pattern="x")
    async def message(ctx: Context[RoomMessage]) -> None:
        assert_type(ctx.event, RoomMessage)
        assert_type(await ctx.wait_for(MemberLeft), MemberLeft)
        assert_type(await ctx.ask("?"), RoomMessage)

    @bot.on_enter
    async def enter(ctx: Context[MemberEntered]) -> None:
        assert_type(ctx.event, MemberEntered)

    @bot.on_event(RoomLost, Reconnected)
    async def several(ctx: Context[RoomLost | Reconnected]) -> None:
        assert_type(ctx.event, RoomLost | Reconnected)

    @bot.on_event(RoomLost)
    async def wider(ctx: Context[ChatEvent]) -> None: ...

    @bot.on_event(Connected, RoomLost, Gap, MemberLeft)
    async def four(ctx: Context[Connected | RoomLost | Gap | MemberLeft]) -> None: ...

    @bot.command("roll")
    async def roll(ctx: Context[RoomMessage], sides: int = 6, *names: str) -> None: ...

    @bot.middleware
    async def around(ctx: Context[ChatEvent], call_next: CallNext) -> None: ...

    @bot.on_error
    async def failed(ctx: Context[ChatEvent | None], exc: Exception) -> None: ...

    @bot.on_start
    async def start(bot: Bot, chat: AsyncChat) -> None: ...

    @bot.every(60, jitter=5)
    async def tick(bot: Bot, chat: AsyncChat) -> None: ...

    # A decorator gives back what it decorates.
    as_it_was: Callable[[Context[RoomMessage], int], Awaitable[None]] = roll
    assert as_it_was is roll

    async def entered(ctx: Context[MemberEntered]) -> None: ...

    with pytest.raises(HandlerInvalid):
        bot.on_message(entered)  # type: ignore[type-var]
    with pytest.raises(HandlerInvalid):
        bot.on_event(RoomLost)(entered)  # type: ignore[arg-type]
    with pytest.raises(HandlerInvalid):
        bot.command("enter")(entered)  # type: ignore[type-var]
    with pytest.raises(HandlerInvalid):
        bot.on_start(entered)  # type: ignore[type-var]


@on_both
async def test_a_bot_takes_in_what_others_have_collected(stage: Stage) -> None:
    games, bot = Handlers(), Bot()
    seen: list[str] = []

    @games.command()
    async def roll(ctx: Context[RoomMessage]) -> None:
        await ctx.reply("4")

    @games.on_start
    async def start(bot: Bot, chat: AsyncChat) -> None:
        seen.append("start")

    @games.every(10)
    async def tick(bot: Bot, chat: AsyncChat) -> None:
        seen.append("tick")

    bot.include(games)
    with pytest.raises(HandlerInvalid, match="'roll' is the name of 'roll' already"):
        bot.include(games)

    async with stage.serving(bot):
        await stage.say("!roll")
        await stage.pass_time(10)

        assert stage.replies() == ["4"]
        assert seen == ["start", "tick"]


@on_both
async def test_a_bot_that_serves_takes_no_more_handlers(stage: Stage) -> None:
    """It would not call them."""
    bot = Bot()

    async with stage.serving(bot):
        decorators: tuple[Callable[[Any], Any], ...] = (
            bot.on_message(),
            bot.command("x"),
            bot.on_start,
            bot.on_stop,
            bot.every(1),
            bot.middleware,
            bot.on_error,
        )
        for decorate in decorators:
            with pytest.raises(HandlerInvalid, match="the bot serves already"):
                decorate(two)
        with pytest.raises(HandlerInvalid, match="the bot serves already"):
            bot.include(Handlers())

    bot.on_message(one)
