"""json_values: section 3.2 of the specification, what a frame that is JSON means."""

import json
from typing import Final

from multichat_conformance.catalogue import Group, check
from multichat_conformance.patterns import Joined, Said
from multichat_conformance.stage import Stage
from multichat_conformance.texts import all_are_invalid, join_text
from multichat_conformance.variants import variant

DEEPEST: Final = 64
"""Levels of objects and arrays, the outer object being the first (MC1-JSON-05)."""

FAR_TOO_DEEP: Final = 50_000
"""Levels of arrays; such a frame is still short enough for every server (MC1-LIMIT-08)."""

OBJECTS_TOO_DEEP: Final = 20_000
"""Levels of objects, which are longer."""


@check(
    "MC1-JSON-03",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="The parser returns half a character, which fails later or in other people's clients.",
)
async def unpaired_surrogates_are_invalid(stage: Stage) -> None:
    """
    A surrogate escape without its other half, in any string, is answered FRAME_INVALID.

    So is one in a member that does not count, since another of its name follows (MC1-JSON-04): a
    server that looks only at what its parser has left does not see it.
    """
    room = stage.room()
    alice = await stage.actor("alice")
    bob = await stage.actor("bob")
    await alice.join(room)
    await bob.join(room)
    halves = {
        "a high one": r"\ud800",
        "a low one": r"\udc00",
        "a reversed pair": r"\ude00\ud83d",
        "a high one before a letter": r"\ud83dA",
        "a high one before another escape": r"\ud83d\u0041",
        "two high ones and a low one": r"\ud83d\ud83d\ude00",
    }
    for name, half in halves.items():
        with variant(f"{name} in message"):
            await alice.gets_one_error(
                f'{{"command":"send","room":"{room.id}","message":"{half}"}}', "FRAME_INVALID"
            )
    await stage.silence(bob, after=alice, announcements=False)
    places = {
        "an unknown member": f'{{"command":"join","room":"{room.id}","x":"\\ud800"}}',
        "an array": f'{{"command":"join","room":"{room.id}","x":[["\\ud800"]]}}',
        "a name": f'{{"command":"join","room":"{room.id}","\\ud800":1}}',
        "a name within": f'{{"command":"join","room":"{room.id}","x":{{"a\\udc00":1}}}}',
        "a member that does not count": join_text(stage, '"\\ud800","x":4'),
        "a member within that does not count": join_text(stage, '{"":"\\udc00","":{}}'),
        "room": '{"command":"join","room":"\\ud800"}',
        "command": '{"command":"\\ud800"}',
    }
    await all_are_invalid(stage, places)


@check(
    "MC1-SEND-04",
    actors=("alice",),
    cause="The server looks for surrogate escapes in the text instead of in what was read.",
)
async def what_looks_like_a_surrogate_escape_is_none(stage: Stage) -> None:
    """A whole pair is one character, and a backslash that is escaped begins no escape."""
    room = stage.room()
    alice = await stage.actor("alice")
    await alice.join(room)
    for escaped, meant in {
        r"\ud83d\ude00": "😀",
        r"\\ud800": r"\ud800",
        r"\\\\udc00": r"\\udc00",
    }.items():
        nonce = stage.nonce()
        with variant(escaped):
            await alice.send_text(
                f'{{"command":"send","room":"{room.id}","message":"{nonce}{escaped}"}}'
            )

            await alice.receives(Said(room, nonce + meant, alice))


@check(
    "MC1-JSON-04",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="The first member of a name counts, or such a frame is refused. Where two programs read "
    "it in two ways, one of them checks what the other does not obey.",
)
async def last_member_of_a_name_counts(stage: Stage) -> None:
    """Of several members with one name the last counts, however the name is written."""
    room = stage.room()
    free, id_ = stage.free_room, room.id
    alice = await stage.actor("alice")
    for name, text in {
        "two rooms": f'{{"command":"join","room":"{free}","room":"{id_}"}}',
        "three rooms": f'{{"room":"{id_}","room":"{free}","command":"join","room":"{id_}"}}',
        "a room of another type first": f'{{"command":"join","room":null,"room":"{id_}"}}',
        "two commands": f'{{"command":"leave","room":"{id_}","command":"join"}}',
        "an escaped name": f'{{"command":"join","room":"{free}","r\\u006fom":"{id_}"}}',
        "an unknown member twice": f'{{"x":1,"command":"join","x":{{}},"room":"{id_}"}}',
    }.items():
        with variant(name):
            await alice.send_text(text)

            await alice.receives(Joined(room))


@check(
    "MC1-JSON-05",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="The limit is lower, counts brackets in strings, or counts all that were ever opened.",
)
async def sixty_four_levels_are_read(stage: Stage) -> None:
    """A join with an unknown member that makes 64 levels is carried out."""
    room = stage.room()
    inner = DEEPEST - 1
    alice = await stage.actor("alice")
    for name, value in {
        "arrays": _arrays(inner),
        "objects": '{"a":' * inner + "1" + "}" * inner,
        "arrays and objects": '[{"a":' * (inner // 2) + "[]" + "}]" * (inner // 2),
        "brackets in a string": json.dumps("[{" * 1000 + '"\\"'),
        "a thousand arrays beside each other": "[" + ",".join(["[[]]"] * 1000) + "]",
    }.items():
        with variant(name):
            await alice.send_text(join_text(stage, value))

            await alice.receives(Joined(room))


@check(
    "MC1-JSON-05",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="Nesting is not limited, so that a deep frame exhausts the parser's stack.",
)
async def deeper_frames_are_invalid(stage: Stage) -> None:
    """A frame of 65 levels, or of 50,000, is answered with one FRAME_INVALID."""
    await all_are_invalid(
        stage,
        {
            "65 levels of arrays": join_text(stage, _arrays(DEEPEST)),
            "65 levels of objects": join_text(stage, '{"a":' * DEEPEST + "1" + "}" * DEEPEST),
            "65 levels behind a string with brackets": join_text(
                stage, '["]]]]",' + _arrays(DEEPEST - 1) + "]"
            ),
            "65 levels in a member that does not count": join_text(
                stage, _arrays(DEEPEST) + ',"x":4'
            ),
            "50,000 levels": join_text(stage, _arrays(FAR_TOO_DEEP)),
            "20,000 levels of objects": join_text(
                stage, '{"":' * OBJECTS_TOO_DEEP + "1" + "}" * OBJECTS_TOO_DEEP
            ),
            "50,000 levels that never end": "[" * FAR_TOO_DEEP,
        },
    )


@check(
    "MC1-FRAME-09",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="A number that its type cannot hold makes the server silent, or ends the connection.",
)
async def great_number_is_answered(stage: Stage) -> None:
    """A join with an unknown member like `1e400` gets FRAME_INVALID, or its answer."""
    await _with_great_numbers(stage)


@check(
    "MC1-JSON-06",
    actors=("alice",),
    group=Group.INTRUSIVE,
)
async def great_number_is_refused_or_ignored(stage: Stage) -> None:
    """Whether a number beyond the range of an IEEE 754 binary64 is refused is recorded."""
    stage.observe(", ".join(await _with_great_numbers(stage)))


async def _with_great_numbers(stage: Stage) -> list[str]:
    """See that joins with great numbers are answered, and return how each was."""
    alice = await stage.actor("alice")
    seen = []
    for name, number in {"1e400": "1e400", "-1e400": "-1e400", "10^400": f"1{'0' * 400}"}.items():
        with variant(name):
            await alice.send_text(join_text(stage, number))
            answers = await alice.answers_before_fence()
            got = [str(answer.frame.get("error", "joined")) for answer in answers]
            if got not in (["joined"], ["FRAME_INVALID"]):
                alice.blame(
                    "",
                    f"{alice.name} did not get one answer to a join with a great number",
                    "a joined frame or FRAME_INVALID",
                    " ".join(answer.text for answer in answers) or "nothing",
                )
        seen.append(f"{name}: {got[0]}")
    return seen


def _arrays(levels: int) -> str:
    return "[" * levels + "]" * levels
