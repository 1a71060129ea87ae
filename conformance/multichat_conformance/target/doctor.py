"""
Look at a target one step after the other, and say at the first thing that is wrong what to do.

Each step leans on those before it: the name, the connection, TLS, the handshake, the logins, the
rooms, the hooks, order and round trips. What is looked at is harmless on a live server: members
join and leave the given rooms and say a few numbered words there, and a hook is pulled only
where it changes nothing (a plain account is made plain, an open room is made open).
"""

import shutil
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import trio

from multichat_conformance.actors import Actor
from multichat_conformance.actors.backdrop import FREE_ROOM
from multichat_conformance.catalogue import Check, Group, Needs, catalogue
from multichat_conformance.context import Context
from multichat_conformance.findings import NotTested, StoryEnded
from multichat_conformance.running.needs import inapplicable, missing
from multichat_conformance.running.options import Options, groups_for
from multichat_conformance.running.preflight import doubtful_title, keeps_order, see_room
from multichat_conformance.running.telling import tell_now
from multichat_conformance.secrets import Redactor, shown_url
from multichat_conformance.stage import Stage
from multichat_conformance.target.address import address
from multichat_conformance.target.hooks import pull
from multichat_conformance.target.login import Sessions
from multichat_conformance.target.model import Account, Room, Target
from multichat_conformance.target.process import TargetProcess
from multichat_conformance.target.reaching import connect, resolve, secure
from multichat_conformance.target.web import WebError, request
from multichat_conformance.timing import LEAST_PATIENCE, RoundTrips

__all__ = ["Step", "examine"]

_MEASURED: Final = 10


@dataclass(frozen=True, slots=True)
class Step:
    """
    One thing that was looked at.

    Attributes:
        name: What, in a word or three.
        state: ``well``; ``note``: it works, and somebody should know this; ``wrong``: nothing
            after it was looked at.
        says: What was found; if it is wrong, with what to do.
        seconds: How long it took.

    """

    name: str
    state: Literal["well", "note", "wrong"]
    says: str
    seconds: float


def examine(
    target: Target, show: Callable[[Step], None], *, patience: float = LEAST_PATIENCE
) -> bool:
    """
    Look at a target, and return whether all is well.

    Args:
        target: As its file or the command line describes it; started if the file says how.
        show: Is given each step when it is done.
        patience: Seconds that an answer may take.

    Interrupting it ends a target that was started.

    """
    return _Examination(target, show, patience).examine()


class _Wrong(NotTested):
    """Something is wrong; the text says what, and what to do."""


class _Examination:
    def __init__(self, target: Target, show: Callable[[Step], None], patience: float) -> None:
        self._show = show
        self._patience = patience
        self._doubts: dict[str, str] = {}
        self._process = TargetProcess(target) if target.start else None
        redactor = Redactor()
        redactor.hide_query(target.url)
        self._context = Context(
            target=self._process.target if self._process else target,
            redactor=redactor,
            sessions=Sessions(target, redactor, patience=patience),
            round_trips=RoundTrips(patience),
            process=self._process,
        )

    @property
    def _target(self) -> Target:
        return self._context.target

    @property
    def _where(self) -> str:
        return shown_url(self._target.url)

    def examine(self) -> bool:
        """Take all steps, and end what was started."""
        try:
            self._steps()
        except _Wrong:
            return False
        finally:
            if self._process is not None:
                self._process.stop()
        return True

    def _steps(self) -> None:
        if self._process is not None:
            self._step("start", self._start)
        host, port, is_secure = address(self._target)
        if not host:
            self._step("address", partial(_fail, f"{self._where} names no host: put url right"))
        self._async("name", partial(resolve, host, port, self._patience))
        self._async("connection", partial(connect, host, port, self._patience))
        if is_secure:
            self._async("TLS", partial(secure, self._target, self._patience))
        self._told("handshake", self._handshake)
        if not self._target.accounts:
            self._note(
                "accounts",
                "none are given, so only what needs no login can be tested: add [[accounts]] to "
                "a target file (multichat conformance init writes one)",
            )
        for account in self._target.accounts:
            self._told(f"login of {account.username}", partial(self._log_in, account))
            self._told(f"session of {account.username}", partial(self._connect_as, account))
        if self._target.accounts:
            self._rooms()
        self._hooks()
        self._left_out()

    # How a step is taken.

    def _step(self, name: str, look: Callable[[], str]) -> None:
        began = time.monotonic()
        state: Literal["well", "wrong"] = "well"
        try:
            says = look()
        except StoryEnded as exc:
            state, says = "wrong", str(exc)
        seconds = time.monotonic() - began
        self._show(Step(name, state, self._context.redactor.clean(says), seconds))
        if state == "wrong":
            raise _Wrong(says)

    def _note(self, name: str, says: str) -> None:
        self._show(Step(name, "note", says, 0.0))

    def _async(self, name: str, look: Callable[[], Awaitable[str]]) -> None:
        self._step(name, partial(trio.run, look))

    def _told(self, name: str, look: Callable[[Stage], Awaitable[str]]) -> None:
        """Look at something on a stage, as a story does."""

        def look_on_stage() -> str:
            said: list[str] = []

            async def story(stage: Stage) -> None:
                said.append(await look(stage))

            told = tell_now(_LOOK, self._context, story=story)
            if told.trouble or told.not_tested:
                raise _Wrong(told.trouble or told.not_tested)
            if (finding := told.attempt.finding) is not None:
                expected = finding.expected
                raise _Wrong(f"{finding.summary}: expected {expected}, got {finding.got}")
            return "".join(said)

        self._step(name, look_on_stage)

    # The steps.

    def _start(self) -> str:
        process = self._process
        if process is None:
            raise ValueError("nothing is to be started")
        self._context.reach(process.start())
        return f"started, at {self._where}"

    async def _handshake(self, stage: Stage) -> str:
        response = await stage.handshake()
        match response.status:
            case 101:
                return "a WebSocket opens, also for somebody who is not logged in"
            case 401 | 403:
                return f"somebody who is not logged in is refused with {response.status}"
            case None:
                raise _Wrong(
                    f"no HTTP answer to a WebSocket handshake within {self._patience:.0f} s: is "
                    f"{self._where} the chat's address?"
                )
            case 404:
                raise _Wrong(f"{self._where} is not there (404): put the path of url right")
            case status if 300 <= status < 400:
                where = response.headers.get("location", "nowhere")
                raise _Wrong(
                    f"the handshake is redirected to {where}; clients do not follow: put url right"
                )
            case status if status >= 500:
                raise _Wrong(f"the handshake is answered {status}: look into the server's log")
            case status:
                raise _Wrong(
                    f"the handshake is answered {status}, so this is no WebSocket (or a proxy in "
                    "between takes the Upgrade header away): check url"
                )

    async def _log_in(self, account: Account, stage: Stage) -> str:
        await stage.context.sessions.of(account)
        recipe = self._target.login.recipe
        if recipe == "django-form":
            return f"by the form at {self._target.login.path}"
        return "nobody logs in" if recipe == "none" else f"by the {recipe} of the target file"

    async def _connect_as(self, account: Account, stage: Stage) -> str:
        before = stage.context.warm_ups
        await stage.actor_of(account, account.username)
        warm_ups = stage.context.warm_ups - before
        if not warm_ups:
            return "a WebSocket opens, and the first command is obeyed"
        return f"obeyed after {warm_ups} answers USER_HAS_TO_LOGIN (actors are warmed up for that)"

    def _rooms(self) -> None:
        cast = self._context.cast()
        plain, staff = cast.get("alice"), cast.get("dave")
        for room in self._target.rooms:
            account = staff if room.staff_only else plain or staff
            if account is not None:
                self._told(f"room {room.id}", partial(self._see_room, room, account))
        for room_id, doubt in self._doubts.items():
            self._note(f"room {room_id}", f"{doubt}; a run shows it as a finding")
        open_rooms = [room for room in self._target.rooms if not room.staff_only]
        if not open_rooms:
            self._note(
                "rooms",
                "no open room is given, so little can be tested: add [[rooms]], two or more",
            )
            return
        role = next(iter(cast))
        self._told("order", partial(self._order, role, open_rooms[-2:]))
        self._told("round trip", partial(self._measure, role))

    async def _see_room(self, room: Room, account: Account, stage: Stage) -> str:
        actor = await stage.actor_of(account, account.username)
        title = await see_room(actor, room)
        if doubt := doubtful_title(room, title):
            self._doubts[room.id] = doubt
            self._context.is_titled_otherwise(room)
        kind = "staff room" if room.staff_only else "open room"
        return f"{account.username} joins and leaves the {kind} {title!r}"

    async def _order(self, role: str, rooms: Sequence[Room], stage: Stage) -> str:
        self._context.keeps_order = await keeps_order(stage, role, rooms)
        if self._context.keeps_order:
            return "what is pipelined is answered in order: absence is shown by fences"
        return (
            "what is pipelined is reordered: absence will be shown by quiet windows, and the "
            "checks of order will fail"
        )

    async def _measure(self, role: str, stage: Stage) -> str:
        actor: Actor = await stage.actor(role)
        trips = RoundTrips()
        for _ in range(_MEASURED):
            began = trio.current_time()
            await actor.ask({"command": "join", "room": FREE_ROOM})
            trips.add(trio.current_time() - began)
        return (
            f"median {trips.median * 1000:.1f} ms, slowest {trips.slowest * 1000:.1f} ms; a run "
            f"waits {trips.patience:.0f} s for what must come"
        )

    def _hooks(self) -> None:
        hooks = self._target.hooks
        folder = self._target.file.parent if self._target.file else None
        for name, line in hooks.commands.items():
            program = line[0]
            beside = folder is not None and (folder / program).exists()
            if not beside and shutil.which(program) is None:
                self._step(
                    f"hook {name}",
                    partial(_fail, f"there is no program {program!r}: put hooks.commands right"),
                )
        harmless = {
            name: arguments for name, arguments in self._harmless().items() if name in hooks.names
        }
        for name, arguments in harmless.items():
            self._async(f"hook {name}", partial(self._pull, name, arguments))
        if hooks.offers and not set(harmless) & set(hooks.offers):
            self._async("hooks", self._reach_hooks)

    def _harmless(self) -> dict[str, dict[str, str]]:
        """Return the hooks that change nothing with these arguments."""
        found = {}
        if (alice := self._context.account("alice")) is not None:
            found["make_plain"] = {"username": alice.username}
            found["activate"] = {"username": alice.username}
        for room in self._target.rooms:
            if not room.staff_only:
                found["make_open_room"] = {"room": room.id}
                break
        return found

    async def _pull(self, name: str, arguments: dict[str, str]) -> str:
        await pull(self._target, self._context.redactor, name, arguments)
        return f"pulled for {next(iter(arguments.values()))}, where it changes nothing"

    async def _reach_hooks(self) -> str:
        url = self._target.hooks.url
        try:
            # No hook has this name, and anything that speaks HTTP answers.
            await request("POST", url.rstrip("/") + "/", headers={}, patience=self._patience)
        except WebError as exc:
            raise _Wrong(f"the hooks cannot be reached: {exc}; put hooks.url right") from exc
        return f"{url} answers; no hook could be tried without changing anything"

    def _left_out(self) -> None:
        """Say what a run would not test, and how to get it."""
        options = Options()
        groups = groups_for(self._target, options)
        reasons = Counter(
            reason
            for check in catalogue()
            if not inapplicable(check, self._target)
            and (reason := missing(check, self._context, groups))
        )
        for reason, number in reasons.most_common():
            checks = "1 check is" if number == 1 else f"{number} checks are"
            self._note("left out", f"{checks} not tested: {reason}")


async def _nothing(_: Stage) -> None:
    """Tell nothing: every step brings its own story."""


_LOOK: Final = Check(
    area="target",
    name="doctor",
    title="The target can be reached, logged in to and measured",
    about="",
    clauses=(),
    group=Group.SAFE,
    needs=Needs(),
    cause="",
    search=False,
    story=_nothing,
)


def _fail(reason: str) -> str:
    raise NotTested(reason)
