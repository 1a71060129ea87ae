"""json_text: section 3.2 of the specification."""

import json
from collections.abc import Mapping
from typing import Final

from multichat_conformance.actors import PoliteActor
from multichat_conformance.catalogue import Group, check
from multichat_conformance.patterns import Joined, Said
from multichat_conformance.stage import Stage
from multichat_conformance.transcript import shorten
from multichat_conformance.variants import in_turn, variant

DEEPEST: Final = 64
"""Levels of objects and arrays, the outer object being the first (MC1-JSON-05)."""

FAR_TOO_DEEP: Final = 50_000
"""Levels of arrays; such a frame is still short enough for every server (MC1-LIMIT-08)."""

OBJECTS_TOO_DEEP: Final = 20_000
"""Levels of objects, which are longer."""

NO_NUMBERS: Final = ("NaN", "Infinity", "-Infinity")


@check(
    "MC1-JSON-01",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="What the parser refuses is dropped in silence, or ends the connection.",
)
async def what_is_no_json_is_invalid(stage: Stage) -> None:
    """A text message that is no JSON at all is answered with one FRAME_INVALID."""
    join = _join(stage)
    await _all_are_invalid(
        stage,
        {
            "an empty message": "",
            "white space alone": " \t\r\n",
            "words": "hello",
            "truncated JSON": join[:-3],
            "a missing end": join[:-1],
            "an end too many": join + "}",
            "HTML": "<b>join</b>",
            "another encoding of objects": f"command=join&room={stage.room().id}",
            "one quotation mark": '"',
            "U+0000 alone": "\0",
        },
    )


@check(
    "MC1-JSON-01",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="The server takes the members of whatever the parser returns.",
)
async def what_is_no_object_is_invalid(stage: Stage) -> None:
    """A text message that is JSON and no object is answered with one FRAME_INVALID."""
    join = _join(stage)
    await _all_are_invalid(
        stage,
        {
            "an array": "[]",
            "an array with a join": f"[{join}]",
            "a string": '"join"',
            "a string with a join": json.dumps(join),
            "a number": "1",
            "true": "true",
            "null": "null",
        },
    )


@check(
    "MC1-JSON-01",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="The parser stops at the end of the first value, or skips what it does not know.",
)
async def nothing_but_white_space_is_around(stage: Stage) -> None:
    """A join with anything but the white space of JSON around it is answered FRAME_INVALID."""
    join = _join(stage)
    await _all_are_invalid(
        stage,
        {
            "two objects": join + join,
            "two objects on two lines": f"{join}\n{join}",
            "a comma behind": join + ",",
            "a semicolon behind": join + ";",
            "U+0000 behind": join + "\0",
            "a byte order mark": "\ufeff" + join,
            "a no-break space": "\u00a0" + join,
            "a form feed": "\f" + join,
            "a line separator": "\u2028" + join,
            "a prefix against hijacking": ")]}'\n" + join,
            "a comment": join + " // join",
        },
    )


@check(
    "MC1-JSON-01",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="The parser takes a dialect: JSON5, JavaScript, Python or YAML.",
)
async def dialects_are_invalid(stage: Stage) -> None:
    """What only dialects of JSON allow is answered with FRAME_INVALID."""
    room = stage.room().id

    def join(more: str = "", *, command: str = '"join"') -> str:
        return f'{{"command":{command},"room":"{room}"{more}}}'

    await _all_are_invalid(
        stage,
        {
            "a comma behind the last member": join(","),
            "a comma too many": join(',,"x":1'),
            "a comma in an array": join(',"x":[1,]'),
            "a comment within": join(' /* "x":1 */'),
            "single quotes": join().replace('"', "'"),
            "a name without quotes": join(",x:1"),
            "a member without a value": join(',"x"'),
            "a hexadecimal number": join(',"x":0x1'),
            "a leading zero": join(',"x":01'),
            "a plus sign": join(',"x":+1'),
            "no digit before the point": join(',"x":.5'),
            "no digit behind the point": join(',"x":1.'),
            "a number with an underscore": join(',"x":1_0'),
            "True": join(',"x":True'),
            "undefined": join(',"x":undefined'),
        },
    )


@check(
    "MC1-JSON-01",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="The parser lets control characters and escapes pass that JSON does not have.",
)
async def strings_are_those_of_json(stage: Stage) -> None:
    """A string with a raw control character, or an escape that there is not, is no JSON."""
    room = stage.room().id
    wrong = {
        "a raw tab": "a\tb",
        "a raw line end": "a\nb",
        "a raw U+0000": "a\0b",
        "a raw U+001F": "a\x1fb",
        "an escape of two digits": r"a\x41",
        "an escape of three digits": r"a\u041",
        "an escape of other than digits": r"a\u00g0",
        "an escaped single quote": r"a\'b",
        "an escaped line end": "a\\\nb",
    }
    await _all_are_invalid(
        stage,
        {
            name: f'{{"command":"send","room":"{room}","message":"{text}"}}'
            for name, text in wrong.items()
        },
    )


@check(
    "MC1-JSON-02",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="The parser takes these words, as Python's does by default; sent on, they break every "
    "browser in the room.",
)
async def words_for_no_numbers_are_invalid(stage: Stage) -> None:
    """`NaN`, `Infinity` and `-Infinity`, wherever they stand, are answered FRAME_INVALID."""
    room = stage.room().id
    places = {
        "room": '{{"command":"join","room":{0}}}',
        "message": f'{{{{"command":"send","room":"{room}","message":{{0}}}}}}',
        "command": f'{{{{"command":{{0}},"room":"{room}"}}}}',
        "an unknown member": f'{{{{"command":"join","room":"{room}","x":{{0}}}}}}',
        "an array": f'{{{{"command":"join","room":"{room}","x":[1,{{0}}]}}}}',
        "an unknown member of an unknown command": '{{"command":"x","x":{0}}}',
    }
    await _all_are_invalid(
        stage,
        {
            f"{word} in {place}": template.format(word)
            for place, template in places.items()
            for word in NO_NUMBERS
        },
    )


@check(
    "MC1-JSON-03",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="The parser returns half a character, which fails later or in other people's clients.",
)
async def unpaired_surrogates_are_invalid(stage: Stage) -> None:
    """A surrogate escape without its other half, in any string, is answered FRAME_INVALID."""
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
        "room": '{"command":"join","room":"\\ud800"}',
        "command": '{"command":"\\ud800"}',
    }
    await _all_are_invalid(stage, places)


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
    "MC1-JOIN-02",
    "MC1-ROOM-01",
    actors=("alice",),
    cause="Frames are compared as text, not read.",
)
async def order_and_escapes_mean_nothing(stage: Stage) -> None:
    """A join whose members stand in another order, or are written by escapes, is carried out."""
    room = stage.room()
    escaped = "".join(f"\\u{ord(character):04x}" for character in room.id)
    alice = await stage.actor("alice")
    for name, text in {
        "another order": f'{{"room":"{room.id}","command":"join"}}',
        "an escaped value": f'{{"command":"\\u006aoin","room":"{escaped}"}}',
        "an escaped name": f'{{"\\u0063ommand":"join","r\\u006F\\u006fm":"{room.id}"}}',
    }.items():
        with variant(name):
            await alice.send_text(text)

            await alice.receives(Joined(room))


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
            await alice.send_text(_join(stage, value))

            await alice.receives(Joined(room))


@check(
    "MC1-JSON-05",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="Nesting is not limited, so that a deep frame exhausts the parser's stack.",
)
async def deeper_frames_are_invalid(stage: Stage) -> None:
    """A frame of 65 levels, or of 50,000, is answered with one FRAME_INVALID."""
    await _all_are_invalid(
        stage,
        {
            "65 levels of arrays": _join(stage, _arrays(DEEPEST)),
            "65 levels of objects": _join(stage, '{"a":' * DEEPEST + "1" + "}" * DEEPEST),
            "65 levels behind a string with brackets": _join(
                stage, '["]]]]",' + _arrays(DEEPEST - 1) + "]"
            ),
            "50,000 levels": _join(stage, _arrays(FAR_TOO_DEEP)),
            "20,000 levels of objects": _join(
                stage, '{"":' * OBJECTS_TOO_DEEP + "1" + "}" * OBJECTS_TOO_DEEP
            ),
            "50,000 levels that never end": "[" * FAR_TOO_DEEP,
        },
    )


@check(
    "MC1-JSON-06",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="A number that its type cannot hold makes the server silent, or ends the connection.",
)
async def great_number_is_refused_or_ignored(stage: Stage) -> None:
    """A join with an unknown member like `1e400` gets FRAME_INVALID, or its answer."""
    alice = await stage.actor("alice")
    seen = []
    for number in ("1e400", "-1e400", "1" + "0" * 400):
        with variant(shorten(number, 20)):
            await alice.send_text(_join(stage, number))
            answers = await alice.answers_before_fence()
            got = [answer.frame.get("error", "joined") for answer in answers]
            if got not in (["joined"], ["FRAME_INVALID"]):
                expected = "one answer: a joined frame or FRAME_INVALID"
                alice.blame("", f"{alice.name} got {len(got)} answers", expected, str(answers))
            seen.append(f"{shorten(number, 20)}: {got[0]}")

    stage.observe(", ".join(seen))


@check(
    "MC1-JSON-07",
    actors=("alice",),
    cause="Frames are compared as text, or split at line ends.",
)
async def white_space_means_nothing(stage: Stage) -> None:
    """A join with white space around every token is carried out."""
    room = stage.room()
    alice = await stage.actor("alice")
    spaces: Mapping[str, str] = {
        "spaces": "   ",
        "line ends": "\n",
        "line ends of two characters": "\r\n",
        "tabs": "\t",
        "all of them": " \t\r\n" * 20,
    }
    for name, space in spaces.items():
        tokens = ["{", '"command"', ":", '"join"', ",", '"room"', ":", f'"{room.id}"', "}"]
        with variant(name):
            await alice.send_text(space + space.join(tokens) + space)

            await alice.receives(Joined(room))


async def _all_are_invalid(stage: Stage, texts: Mapping[str, str]) -> None:
    """See that each text is answered with exactly one FRAME_INVALID, and nothing is obeyed."""

    async def is_invalid(alice: PoliteActor, text: str) -> None:
        await alice.gets_one_error(text, "FRAME_INVALID")

    await in_turn(stage, "alice", texts, is_invalid)


def _join(stage: Stage, value: str | None = None) -> str:
    """Return a join, if need be with an unknown member."""
    more = "" if value is None else f',"x":{value}'
    return f'{{"command":"join","room":"{stage.room().id}"{more}}}'


def _arrays(levels: int) -> str:
    return "[" * levels + "]" * levels
