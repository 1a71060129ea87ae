"""
Made-up runs that hold all that a report must be able to show.

Real ones would be slower and would not be hostile in every way at once.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from multichat_conformance.events import (
    Attempt,
    CheckFinished,
    CheckStarted,
    Event,
    Finding,
    LeftOut,
    Line,
    RunFinished,
    RunStarted,
    TargetReady,
)
from multichat_conformance.outcomes import ExitCode, Outcome, Verdict

HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07 \u202egnp.exe\u202c ]]> <script>alert(1)</script> | `x` ``` @all &amp;"
)
"""What a target may put into its frames: it drives terminals, XML, HTML, Markdown and readers."""

STARTED = RunStarted(
    time="2026-09-01T12:00:00Z",
    suite="1.2.3",
    spec="v1",
    spec_sha256="5f1d7a84db00d2fce00b31a7fc73224f5f1d7a84db00d2fce00b31a7fc73224f",
    target="a chatty server",
    url="ws://127.0.0.1:8000/chat/stream/",
    seed=20260901,
    level="hardened",
    depth="quick",
    groups=("safe", "intrusive", "lifecycle"),
    filters=(),
    planned=17,
)

READY = TargetReady(
    round_trip_ms=0.84,
    slowest_ms=3.2,
    patience_ms=2000,
    fence="order",
    quiet_ms=0,
    warm_ups=2,
    notes=("Every connection was warmed up with a join of a room that does not exist.",),
)


def frame(at: float, actor: str, direction: Literal["sent", "received"], text: str) -> Line:
    return Line(at, actor, direction, "text", text)


def note(at: float, actor: str, kind: str, text: str) -> Line:
    return Line(at, actor, "note", kind, text)


def check(
    name: str,
    title: str,
    outcome: Outcome = Outcome.PASS,
    *,
    profile: Literal["core", "hardened"] = "core",
    level: Literal["MUST", "SHOULD", "MAY"] = "MUST",
    group: str = "safe",
    clauses: tuple[str, ...] = ("MC1-JOIN-02",),
    reason: str = "",
    cause: str = "",
    link: str = "",
    milliseconds: float = 4.2,
    attempts: tuple[Attempt, ...] | None = None,
    notes: tuple[str, ...] = (),
) -> CheckFinished:
    return CheckFinished(
        id=name,
        title=title,
        area=name.partition(".")[0],
        profile=profile,
        level=level,
        group=group,
        clauses=clauses,
        outcome=outcome,
        reason=reason,
        cause=cause,
        link=link,
        duration_ms=milliseconds,
        attempts=(Attempt(1, milliseconds, None, ()),) if attempts is None else attempts,
        notes=notes,
        repeat=f"multichat conformance run --target my.toml --only {name} --seed 20260901",
    )


def told(finding: Finding | None, transcript: tuple[Line, ...], fails: int) -> tuple[Attempt, ...]:
    """Return three attempts of which the first ``fails`` fail."""
    return tuple(
        Attempt(n, 14.2 + n, finding if n <= fails else None, transcript) for n in (1, 2, 3)
    )


SECOND_JOIN = (
    note(0.1, "alice", "handshake", "101 at /chat/stream/ as alice"),
    note(0.4, "bob", "handshake", "101 at /chat/stream/ as bob"),
    frame(1.0, "bob", "sent", '{"command": "join", "room": "1"}'),
    frame(2.1, "bob", "received", '{"join": "1", "title": "room 1"}'),
    frame(2.4, "alice", "sent", '{"command": "join", "room": "1"}'),
    frame(3.3, "alice", "received", '{"join": "1", "title": "room 1"}'),
    frame(
        3.4,
        "bob",
        "received",
        '{"room": "1", "username": "alice", "msg_type": 4, "message": null}',
    ),
    frame(3.9, "alice", "sent", '{"command": "join", "room": "1"}'),
    frame(4.6, "alice", "received", '{"join": "1", "title": "room 1"}'),
    frame(
        4.7,
        "bob",
        "received",
        '{"message": null, "msg_type": 4, "room": "1", "username": "alice"}',
    ),
)

HOSTILE_ECHO = (
    *(
        frame(1.5 * n, "alice", "sent", f'{{"command": "send", "room": "1", "message": "{n}"}}')
        for n in range(40)
    ),
    frame(61.0, "bob", "received", f'{{"room": "1", "message": "{HOSTILE}"}}'),
    note(62.0, "", "hook", f"make_staff(alice) said {HOSTILE}"),
    Line(63.0, "bob", "received", "close", f"1002 {HOSTILE}"),
    frame(64.0, "carol", "received", '{"error": "NO_SUCH_THING"}'),
)


def checks() -> tuple[CheckFinished, ...]:
    """Return a check for each outcome, and the odd ones."""
    return (
        check("handshake.path-is-served", "The path of the stream takes a handshake"),
        check(
            "handshake.path-without-slash",
            "The path without its slash is served as well",
            Outcome.WARN,
            profile="hardened",
            level="SHOULD",
            clauses=("MC1-HAND-02",),
            reason="alice: the handshake at /chat/stream was answered with 404",
            attempts=told(
                Finding("MC1-HAND-02", "alice: the handshake was refused", "101", "404", "alice"),
                (Line(1.2, "alice", "received", "handshake", "404 Not Found"),),
                3,
            ),
        ),
        check("join.room-is-joined", "A join is answered with the room and its title"),
        check(
            "join.second-join-changes-nothing",
            "A second join is announced to nobody, and one leave ends it",
            Outcome.FAIL,
            profile="hardened",
            clauses=("MC1-JOIN-07", "MC1-ANN-05"),
            reason="bob received a second ENTER of alice",
            cause="The server counts joins, or adds the connection to the room's list twice.",
            milliseconds=45.1,
            attempts=told(
                Finding(
                    "MC1-ANN-05",
                    "bob received a second ENTER of alice, who was in room 1 already",
                    '{"room": "1", "username": "bob", "msg_type": 0, "message": "fence 7"}',
                    '{"message": null, "msg_type": 4, "room": "1", "username": "alice"}',
                    "bob",
                ),
                SECOND_JOIN,
                3,
            ),
        ),
        check(
            "join.title-is-not-escaped",
            "A title is given as it is",
            Outcome.EXPECTED_FAILURE,
            clauses=("MC1-JOIN-03",),
            reason="titles are escaped for HTML by our template layer",
            link="https://tracker.example/issues/77",
            attempts=told(
                Finding("MC1-JOIN-03", "the title is escaped", "a & b", "a &amp; b", "alice"),
                (frame(2.0, "alice", "received", '{"join": "1", "title": "a &amp; b"}'),),
                3,
            ),
        ),
        check(
            "join.joined-comes-first",
            "Nothing of a room comes before its joined frame",
            Outcome.UNEXPECTED_PASS,
            profile="hardened",
            clauses=("MC1-JOIN-05",),
            reason="the entry is stale: the check passes (was: races with the layer)",
        ),
        check(
            "send.text-comes-unchanged",
            "Every code point of a message arrives as it was sent",
            Outcome.UNSTABLE,
            clauses=("MC1-SEND-04",),
            reason="bob received another text",
            cause="The text goes through a template, or through a database in another encoding.",
            milliseconds=190.3,
            attempts=told(
                Finding(
                    "MC1-SEND-04",
                    f"bob received another text than alice had sent: {HOSTILE}",
                    '{"room": "1", "message": "39"}',
                    f'{{"room": "1", "message": "{HOSTILE}"}}',
                    "bob",
                ),
                HOSTILE_ECHO,
                1,
            ),
            notes=(f"The target names itself {HOSTILE}.",),
        ),
        check("send.stranger-hears-nothing", "A message reaches members only"),
        check(
            "announcements.enter-is-announced",
            "Members hear who enters",
            Outcome.NOT_APPLICABLE,
            clauses=("MC1-ANN-01",),
            reason="the target does not claim to announce (capabilities.announces)",
            attempts=(),
        ),
        check(
            "json_text.huge-number-is-answered",
            "A number beyond a double is answered in some way",
            Outcome.OBSERVED,
            profile="hardened",
            level="MAY",
            group="intrusive",
            clauses=("MC1-JSON-06",),
            reason="it is read as infinity and refused with ROOM_INVALID",
        ),
        check(
            "revocation.member-is-put-out",
            "Who loses the right to be in a room is put out of it",
            Outcome.NOT_TESTED,
            profile="hardened",
            clauses=("MC1-REVOKE-01",),
            reason="the target file has no hook make_staff_room",
            attempts=(),
        ),
        check(
            "restart.members-hear-of-a-stop",
            "A stop closes every connection with 1012",
            Outcome.HARNESS_ERROR,
            profile="hardened",
            group="lifecycle",
            clauses=("MC1-CLOSE-05",),
            reason="the hook stop failed",
            milliseconds=5003.0,
            attempts=told(
                Finding("", "the hook stop failed", "200", f"500 {HOSTILE}", "", side="suite"),
                (note(5000.0, "", "hook", "stop() failed: 500"),),
                3,
            ),
        ),
        *(
            check(
                f"malformed.case-{n}",
                f"Malformed frame {n} is answered",
                profile="hardened",
                clauses=("MC1-ERR-07",),
                group="intrusive",
            )
            for n in range(1, 5)
        ),
        check(
            "malformed.unicode-is-no-excuse",
            f"Odd text is taken: Grüße, 日本語, {HOSTILE}",
            profile="hardened",
        ),
    )


FINISHED = RunFinished(
    duration_ms=5321.0,
    core=Verdict.NOT_CONFORMANT,
    hardened=Verdict.NOT_CONFORMANT,
    counts={
        "core": {"pass": 3, "expected_failure": 1, "unstable": 1, "not_applicable": 1},
        "hardened": {
            "pass": 5,
            "fail": 1,
            "warn": 1,
            "unexpected_pass": 1,
            "observed": 1,
            "not_tested": 1,
            "harness_error": 1,
        },
    },
    clauses_failed=("MC1-ANN-05", "MC1-JOIN-03", "MC1-SEND-04"),
    left_out=(
        LeftOut(
            "the hook make_staff_room is missing",
            ("revocation.member-is-put-out",),
            "add it under [hooks] of the target file",
        ),
    ),
    deviations=(
        "join.joined-comes-first is listed to fail and passes: remove its entry",
        "join.jonied is no check of this suite; join.room-is-joined?",
    ),
    interrupted=False,
    exit_code=int(ExitCode.NOT_CONFORMANT),
    sentence="a chatty server is not conformant: begin with MC1-ANN-05, "
    "`multichat conformance explain join.second-join-changes-nothing` says more.",
)


def everything() -> Iterator[Event]:
    """Yield a run with every outcome, a 3/3 and a 1/3 failure, and hostile text."""
    yield STARTED
    yield READY
    yield from _checked(checks())
    yield FINISHED


def green() -> Iterator[Event]:
    """Yield a run in which all is well."""
    passed = [each for each in checks() if each.outcome is Outcome.PASS][:-1]
    yield replace(STARTED, planned=len(passed))
    yield replace(READY, warm_ups=0, notes=())
    yield from _checked(tuple(passed))
    yield replace(
        FINISHED,
        core=Verdict.CONFORMANT,
        hardened=Verdict.CONFORMANT,
        counts={"core": {"pass": 3}, "hardened": {"pass": 4}},
        clauses_failed=(),
        left_out=(),
        deviations=(),
        exit_code=int(ExitCode.CONFORMANT),
        sentence="a chatty server is conformant with multichat v1, core and hardened.",
    )


def interrupted() -> Iterator[Event]:
    """Yield a run that a person stopped in the middle of a check."""
    seven = checks()[:4]
    yield STARTED
    yield replace(READY, fence="quiet", quiet_ms=55.0)
    yield from _checked(seven)
    yield CheckStarted("join.joined-comes-first", "Nothing comes before the joined frame", "join")
    yield replace(
        FINISHED,
        duration_ms=1200.0,
        core=Verdict.INCOMPLETE,
        counts={"core": {"pass": 2}, "hardened": {"warn": 1, "fail": 1}},
        left_out=(LeftOut("the run was interrupted", (), "start it again"),),
        deviations=(),
        interrupted=True,
        exit_code=int(ExitCode.INTERRUPTED),
        sentence="The run was interrupted; what is missing was not judged.",
    )


def broken_off() -> Iterator[Event]:
    """Yield a run that ends in the middle: the suite itself was killed."""
    for event in interrupted():
        if not isinstance(event, RunFinished):
            yield event


def unreachable() -> Iterator[Event]:
    """Yield a run that never came to a check."""
    yield STARTED
    yield replace(
        FINISHED,
        duration_ms=30.0,
        core=Verdict.INCOMPLETE,
        hardened=Verdict.INCOMPLETE,
        counts={},
        clauses_failed=(),
        left_out=(),
        deviations=(),
        exit_code=int(ExitCode.HARNESS),
        sentence="Nothing listens at ws://127.0.0.1:8000/chat/stream/: start the server first.",
    )


STREAMS = {
    "everything": everything,
    "green": green,
    "interrupted": interrupted,
    "broken_off": broken_off,
    "unreachable": unreachable,
}


def _checked(found: tuple[CheckFinished, ...]) -> Iterator[Event]:
    for each in found:
        yield CheckStarted(each.id, each.title, each.area)
        yield each
