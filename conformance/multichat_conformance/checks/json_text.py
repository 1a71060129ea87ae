"""json_text: section 3.2 of the specification, what is JSON at all."""

import json
from collections.abc import Mapping
from typing import Final

from multichat_conformance.catalogue import Group, check
from multichat_conformance.patterns import Joined
from multichat_conformance.stage import Stage
from multichat_conformance.texts import all_are_invalid, join_text
from multichat_conformance.variants import variant

NO_NUMBERS: Final = ("NaN", "Infinity", "-Infinity")


@check(
    "MC1-JSON-01",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="What the parser refuses is dropped in silence, or ends the connection.",
)
async def what_is_no_json_is_invalid(stage: Stage) -> None:
    """A text message that is no JSON at all is answered with one FRAME_INVALID."""
    join = join_text(stage)
    await all_are_invalid(
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
    join = join_text(stage)
    await all_are_invalid(
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
    join = join_text(stage)
    await all_are_invalid(
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

    await all_are_invalid(
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
    await all_are_invalid(
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
    await all_are_invalid(
        stage,
        {
            f"{word} in {place}": template.format(word)
            for place, template in places.items()
            for word in NO_NUMBERS
        },
    )


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
