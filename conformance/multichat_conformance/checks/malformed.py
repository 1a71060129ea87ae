"""
The table of odd frames (``recordings/malformed.json``), walked kind by kind: MC1-ERR-10.

Each check sends every frame of one kind. A finding names the case by its id in the table.
"""

from multichat_conformance.catalogue import Group, check
from multichat_conformance.odd_frames import table
from multichat_conformance.stage import Stage
from multichat_conformance.walking import Walk


async def walk(stage: Stage, kind: str) -> None:
    """Send every frame of a kind."""
    await Walk(stage).through(table(kind, stage.target, stage.account("alice")))


SILENT = "What cannot be read is dropped in silence, or an exception ends the connection."


@check(
    "MC1-ERR-10",
    "MC1-JSON-01",
    "MC1-ERR-07",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause=SILENT,
)
async def no_json_object(stage: Stage) -> None:
    """Texts that are not one JSON object get one FRAME_INVALID each, and hurt nobody."""
    await walk(stage, "no JSON object")


@check(
    "MC1-ERR-10",
    "MC1-JSON-02",
    "MC1-JSON-03",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="The JSON parser takes more than JSON, and what it took is passed on or fails later.",
)
async def not_quite_json(stage: Stage) -> None:
    """NaN, infinities, lone surrogates and numbers without measure get an error."""
    await walk(stage, "not quite JSON")


@check(
    "MC1-ERR-10",
    "MC1-JSON-05",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="The JSON parser, or what walks over its result, is recursive and has no limit.",
)
async def nested_too_deeply(stage: Stage) -> None:
    """Values that are nested hundreds and thousands of levels deep get one FRAME_INVALID."""
    await walk(stage, "nested too deeply")


@check(
    "MC1-ERR-10",
    "MC1-ERR-08",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="The command is looked up without a look at its type, or a missing member is an error "
    "that nobody catches.",
)
async def no_whole_command(stage: Stage) -> None:
    """Unknown commands, commands of other types and missing members get COMMAND_INVALID."""
    await walk(stage, "no whole command")


@check(
    "MC1-ERR-10",
    "MC1-ROOM-03",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="The room is read by a number parser that is too generous, or its errors are not caught.",
)
async def no_room_to_join(stage: Stage) -> None:
    """A join whose room is no room's name gets ROOM_INVALID."""
    await walk(stage, "no room to join")


@check(
    "MC1-ERR-10",
    "MC1-ROOM-03",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="The room is read by a number parser that is too generous, or its errors are not caught.",
)
async def no_room_to_send(stage: Stage) -> None:
    """A send whose room is no room's name gets ROOM_INVALID and is delivered to nobody."""
    await walk(stage, "no room to send")


@check(
    "MC1-ERR-10",
    "MC1-ROOM-03",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="The room is read by a number parser that is too generous, or its errors are not caught.",
)
async def no_room_to_leave(stage: Stage) -> None:
    """A leave whose room is no room's name gets ROOM_INVALID, and the member stays."""
    await walk(stage, "no room to leave")


@check(
    "MC1-ERR-10",
    "MC1-SEND-05",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="The message's type is not looked at: it is passed on, or breaks what handles it.",
)
async def no_text(stage: Stage) -> None:
    """A send whose message is not a string gets MESSAGE_INVALID and is delivered to nobody."""
    await walk(stage, "no text")


@check(
    "MC1-ERR-10",
    "MC1-FRAME-09",
    "MC1-JSON-04",
    "MC1-JSON-07",
    "MC1-ROOM-02",
    "MC1-SEND-04",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="The reader is stricter than the specification, or a member's name means something to "
    "the framework beneath.",
)
async def odd_and_right(stage: Stage) -> None:
    """Commands that look odd and are right are carried out like any other."""
    await walk(stage, "odd and right")


@check(
    "MC1-ERR-10",
    "MC1-LIMIT-02",
    "MC1-LIMIT-03",
    actors=("alice", "bob"),
    limits=("frame_bytes", "message_length"),
    group=Group.INTRUSIVE,
    cause="The limits that the target file states are not those of the server, or a long frame "
    "makes it slow or ends it.",
)
async def very_long(stage: Stage) -> None:
    """Frames of up to 20 MiB are carried out or refused, as the stated limits say."""
    await walk(stage, "very long")


@check(
    "MC1-ERR-10",
    "MC1-FRAME-03",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="Binary messages are dropped in silence, read as text, or break what handles them.",
)
async def binary(stage: Stage) -> None:
    """Binary messages get one FRAME_INVALID each, and the connection goes on."""
    await walk(stage, "binary")


@check(
    "MC1-ERR-10",
    "MC1-FRAME-06",
    "MC1-CLOSE-02",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="The WebSocket library drops the TCP connection instead of closing it, or lets it pass.",
)
async def broken_framing(stage: Stage) -> None:
    """Whoever breaks the framing is closed with 1002, and nobody else notices."""
    await walk(stage, "broken framing")


@check(
    "MC1-ERR-10",
    "MC1-FRAME-07",
    "MC1-CLOSE-02",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="The WebSocket library drops the TCP connection instead of closing it, or lets it pass.",
)
async def no_utf_8(stage: Stage) -> None:
    """Whoever sends text that is not UTF-8 is closed with 1007, and nobody else notices."""
    await walk(stage, "no UTF-8")


@check(
    "MC1-ERR-10",
    "MC1-FRAME-02",
    "MC1-FRAME-08",
    "MC1-CLOSE-01",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="Control frames between data frames, or unasked ones, confuse the server.",
)
async def control_frames(stage: Stage) -> None:
    """Pings, pongs, close frames and a message in parts are answered as RFC 6455 says."""
    await walk(stage, "control frames")
