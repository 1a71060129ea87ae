"""
Frames of a client, made from the schemas: valid ones, and ones with a fault or two.

A maker for the small part of JSON Schema that the schemas of the specification use; what it does
not know it refuses, so that a new keyword cannot be passed over. (hypothesis-jsonschema ignores
what it does not know.) A frame is made as members with the text of each value, since many faults
are faults of the text: ``1.0`` for ``1``, a name that comes twice, a raw control character.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

import multichat_spec
from multichat_conformance.fuzz.reading import COMMANDS

__all__ = ["FAULTS", "JSON_TYPES", "Members", "near_valid", "valid", "values_of"]

Members = list[tuple[str, str]]
"""Names and the JSON texts of their values; a name may come twice."""

_IGNORED: Final = frozenset(
    {"$schema", "$id", "$defs", "title", "description", "examples", "not", "required", "properties"}
)
_KNOWN: Final = frozenset(
    {"const", "enum", "$ref", "anyOf", "oneOf", "type", "pattern", "minimum", "maximum"}
)

JSON_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "null": ("null",),
    "boolean": ("true", "false"),
    "integer": ("0", "7", "-1", "4294967296"),
    "fraction": ("0.5", "1.5", "-2.25"),
    "string": ('""', '"x"', '"join"', '"1"'),
    "array": ("[]", '["1"]', "[1, 2]"),
    "object": ("{}", '{"room": "1"}'),
}
"""Texts of each type of JSON, to put where another belongs."""

_HARMLESS_NAMES: Final = ("x", "note", "client", "Room", "COMMAND", "messages", "id", "версия")
"""Names of members that no implementation is likely to know: core says no more of others."""

_ANY_NAMES: Final = (*_HARMLESS_NAMES, "path", "type", "reply_channel", "username", "msg_type", "")

_SPACES: Final = ("", " ", "\n", "\t", "\r\n", "    ")

_CANONICAL: Final = multichat_spec.schema("room")["$defs"]["canonical"]["pattern"]

_SURROGATES: Final = 0x800

_CHARACTERS: Final = st.one_of(
    st.sampled_from("aZ0 <>&\"'\\/\x00\x1f\x7f\u00e9e\u0301\u202e\u2028\ufeff\ufffd😀"),
    # Not st.characters, which keeps tables in a folder of the working directory.
    st.integers(0, 0x10FFFF - _SURROGATES).map(
        lambda code: chr(code if code < 0xD800 else code + _SURROGATES)
    ),
)


def _texts(longest: int) -> SearchStrategy[str]:
    return st.lists(_CHARACTERS, max_size=longest).map("".join)


def values_of(schema: Mapping[str, Any], rooms: Sequence[str]) -> SearchStrategy[Any]:
    """
    Return the values that a schema allows, small ones and those at its bounds.

    Args:
        schema: One of the specification's, or a part of one.
        rooms: Ids that name something, which a random string never would.

    """
    if unknown := set(schema) - _IGNORED - _KNOWN:
        raise NotImplementedError(f"the maker does not know {sorted(unknown)}")
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "$ref" in schema:
        return values_of(_resolved(schema["$ref"]), rooms)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return st.one_of(*(values_of(one, rooms) for one in schema[union]))
    if schema.get("type") == "integer":
        least, most = schema["minimum"], schema["maximum"]
        known = [int(room) for room in rooms] * 3
        edges = (0, -1, least, most, -(2**53) + 1, 2**53 - 1)
        return st.sampled_from([*known, *edges])
    if schema.get("type") == "string" and "pattern" in schema:
        if schema["pattern"] != _CANONICAL:
            raise NotImplementedError(f"the maker does not know the pattern {schema['pattern']}")
        numbers = st.integers(-(10**19) + 1, 10**19 - 1).map(str)
        return st.one_of(*(st.just(room) for room in rooms), numbers)
    if schema.get("type") == "string":
        return _texts(12)
    raise NotImplementedError(f"the maker does not know {dict(schema)}")


def _resolved(reference: str) -> Mapping[str, Any]:
    schemas = multichat_spec.schemas()
    file, _, fragment = reference.partition("#")
    if not file:
        # Only room.json refers to its own definitions.
        file = "room.json"
    found: Any = schemas[file.removeprefix("../").removesuffix(".json")]
    for part in filter(None, fragment.split("/")):
        found = found[part]
    return found  # type: ignore[no-any-return]  # a schema is an object


@st.composite
def valid(draw: DrawFn, *, rooms: Sequence[str], commands: Sequence[str] = COMMANDS) -> str:
    """
    Make the text of a well-formed command (section 1.2).

    Args:
        draw: Of hypothesis.
        rooms: Ids that name something.
        commands: Which commands.

    """
    members = draw(_members(rooms, commands))
    for name in draw(st.lists(st.sampled_from(_HARMLESS_NAMES), max_size=2, unique=True)):
        members.append((name, draw(_text_of(draw(_texts(5))))))
    members = draw(st.permutations(members))
    return draw(_written(members))


@st.composite
def _members(draw: DrawFn, rooms: Sequence[str], commands: Sequence[str]) -> Members:
    schema = multichat_spec.schema(f"client/{draw(st.sampled_from(commands))}")
    return [
        (name, draw(_text_of(draw(values_of(schema["properties"][name], rooms)))))
        for name in schema["required"]
    ]


@st.composite
def _text_of(draw: DrawFn, value: object) -> str:
    """Write a JSON value, some characters of a string as escapes."""
    if not isinstance(value, str):
        return json.dumps(value)
    style = draw(st.sampled_from(("as it is", "ASCII", "all escaped")))
    if style != "all escaped":
        return json.dumps(value, ensure_ascii=style == "ASCII")
    units = value.encode("utf-16-be")
    return (
        '"' + "".join(f"\\u{units[i]:02x}{units[i + 1]:02X}" for i in range(0, len(units), 2)) + '"'
    )


@st.composite
def _written(draw: DrawFn, members: Members) -> str:
    """Write an object with some white space between its tokens."""
    space = draw(st.sampled_from(_SPACES))
    other = draw(st.sampled_from(_SPACES))
    body = f"{space},{other}".join(
        f"{json.dumps(name, ensure_ascii=False)}{space}:{other}{text}" for name, text in members
    )
    return f"{other}{{{space}{body}{other}}}{space}"


# Faults of one member, or of the text.


def _drop(draw: DrawFn, members: Members) -> Members:
    gone = draw(st.integers(0, len(members) - 1))
    return members[:gone] + members[gone + 1 :]


def _retype(draw: DrawFn, members: Members) -> Members:
    texts = [text for kind in JSON_TYPES.values() for text in kind]
    return _put(draw, members, draw(st.sampled_from(texts)))


def _put(draw: DrawFn, members: Members, text: str, name: str = "") -> Members:
    name = name or draw(st.sampled_from([name for name, _ in members]))
    return [(one, text if one == name else old) for one, old in members]


def _alias(draw: DrawFn, members: Members) -> Members:
    room = next((text for name, text in members if name == "room"), '"1"').strip('"')
    spellings = (
        '"0{}"', '"+{}"', '" {}"', '"{} "', '"{}\\n"', '"{}.0"', '"{}e0"', '"\\u0000{}"', '"{}_0"',
        "{}.0", "{}e0", "{}E+0", "{}.5", '"0x{}"', "[{}]", '["{}"]', '{{"id": "{}"}}', '"room {}"',
    )  # fmt: skip
    return _put(draw, members, draw(st.sampled_from(spellings)).format(room), "room")


def _digits(draw: DrawFn, members: Members) -> Members:
    """Spell the room in digits of another script."""
    zero = draw(st.sampled_from("\u0660\u06f0\u0966\uff10"))
    room = next((text for name, text in members if name == "room"), "1").strip('"')
    spelled = "".join(chr(ord(zero) + int(one)) if one in "0123456789" else one for one in room)
    return _put(draw, members, f'"{spelled}"', "room")


def _boundary(draw: DrawFn, members: Members) -> Members:
    numbers = (
        2**63, -(2**63) - 1, 2**63 - 1, -(2**63), 2**64, 2**53, -(2**53), 10**18, 10**19, 10**25,
    )  # fmt: skip
    quote = draw(st.sampled_from(('"', "")))
    return _put(draw, members, f"{quote}{draw(st.sampled_from(numbers))}{quote}", "room")


def _immense(draw: DrawFn, members: Members) -> Members:
    text = draw(st.sampled_from(("1e400", "-1e400", "1" + "0" * 400, "[1e999]")))
    return _put_or_add(draw, members, text)


def _put_or_add(draw: DrawFn, members: Members, text: str) -> Members:
    if draw(st.booleans()):
        return [*members, ("x", text)]
    return _put(draw, members, text)


def _twice(draw: DrawFn, members: Members) -> Members:
    name = draw(st.sampled_from([name for name, _ in members]))
    texts = [text for kind in JSON_TYPES.values() for text in kind]
    other = (name, draw(st.sampled_from(texts)))
    return draw(st.sampled_from(([other, *members], [*members, other])))


def _unknown(draw: DrawFn, members: Members) -> Members:
    texts = [text for kind in JSON_TYPES.values() for text in kind]
    return [*members, (draw(st.sampled_from(_ANY_NAMES)), draw(st.sampled_from(texts)))]


def _nested(draw: DrawFn, members: Members) -> Members:
    levels = draw(st.sampled_from((3, 62, 63, 64, 65, 200)))
    return [*members, ("x", "[" * levels + "]" * levels)]


def _other_command(draw: DrawFn, members: Members) -> Members:
    command = next((text for name, text in members if name == "command"), '"join"').strip('"')
    spellings = (
        command.upper(), command.title(), f" {command}", f"{command} ", f"{command}\\n", "", "quit",
        f"{command}\\u0000", command[:-1], f"{command}s",
    )  # fmt: skip
    return _put(draw, members, f'"{draw(st.sampled_from(spellings))}"', "command")


def _constant(draw: DrawFn, members: Members) -> Members:
    return _put_or_add(draw, members, draw(st.sampled_from(("NaN", "Infinity", "-Infinity"))))


def _surrogate(draw: DrawFn, members: Members) -> Members:
    lone = draw(st.sampled_from(("\\ud800", "\\udc00", "\\udc00\\ud800", "a\\uDBFF")))
    return _put_or_add(draw, members, f'"{lone}"')


def _control(draw: DrawFn, members: Members) -> Members:
    raw = draw(st.sampled_from(("\n", "\t", "\x00", "\x1f")))
    return _put_or_add(draw, members, f'"a{raw}"')


_Mutation = Callable[[DrawFn, Members], Members]

MUTATIONS: Final[Mapping[str, _Mutation]] = {
    "drop": _drop,
    "retype": _retype,
    "alias": _alias,
    "digits": _digits,
    "boundary": _boundary,
    "immense": _immense,
    "twice": _twice,
    "unknown": _unknown,
    "nested": _nested,
    "other command": _other_command,
    "constant": _constant,
    "surrogate": _surrogate,
    "control": _control,
}

TEXT_FAULTS: Final[Mapping[str, Callable[[str], str]]] = {
    "truncated": lambda text: text.rstrip()[:-1],
    "bytes behind": lambda text: text + "x",
    "two objects": lambda text: text + text,
    "in an array": lambda text: f"[{text}]",
    "as a string": lambda text: json.dumps(text),
    "byte order mark": lambda text: "\ufeff" + text,
    "trailing comma": lambda text: text.rstrip()[:-1] + ",}",
    "comment": lambda text: text + "// hi",
    "single quotes": lambda text: text.replace('"', "'"),
    "other space": lambda text: "\u00a0" + text,
    "form feed": lambda text: text + "\x0c",
    "nothing": lambda _: "",
    "white space": lambda _: " ",
    "null": lambda _: "null",
}

FAULTS: Final = (*MUTATIONS, *TEXT_FAULTS)
"""The names of all faults."""

_RICH: Final = ("drop", "retype", "alias", "boundary", "twice", "other command")
"""The faults that come in many forms, and so are drawn as often as all others together."""


@st.composite
def near_valid(
    draw: DrawFn,
    *,
    rooms: Sequence[str],
    commands: Sequence[str] = COMMANDS,
    faults: Sequence[str] = (*_RICH, *_RICH, *FAULTS),
) -> str:
    """
    Make the text of a command with a fault or two; by chance it may be valid all the same.

    Args:
        draw: Of hypothesis.
        rooms: Ids that name something.
        commands: Which commands.
        faults: Which faults.

    """
    members = draw(_members(rooms, commands))
    chosen = [draw(st.sampled_from(faults))]
    if draw(st.integers(0, 3)) == 3:
        chosen.append(draw(st.sampled_from(faults)))
    for name in dict.fromkeys(chosen):
        if name in MUTATIONS and members:
            members = MUTATIONS[name](draw, members)
    text = draw(_written(members))
    for name in dict.fromkeys(chosen):
        if name in TEXT_FAULTS:
            text = TEXT_FAULTS[name](text)
    return text
