"""
JSON values from a JSON Schema: such as it allows, and such as it just does not.

Two strategies are derived from each schema. :func:`valid` makes instances that the schema
allows, members that it does not know included. :func:`broken` takes such an instance and
breaks one keyword of the schema in it, and says which, so that a test can tell what answer is
due. Both are checked against ``jsonschema``, the reference implementation of the standard,
by those who use them: this module knows no more of validation than it needs.

It reads the part of JSON Schema 2020-12 that ``spec/v1/schemas`` uses, and nothing more. A
schema that says anything else, which would be left out of the tests in silence, raises
:exc:`Unsupported` as soon as its strategy is asked for. The part is: the boolean schemas, and
objects of one of these shapes, with annotations

- ``$ref``, to another file or into one
- ``anyOf`` or ``oneOf``
- ``const`` or ``enum``
- ``type`` (one or several) with the keywords of that type: ``pattern`` for strings,
  ``minimum`` and ``maximum`` for integers, ``properties``, ``required`` and ``allOf`` for objects
- in an ``allOf``: ``if`` and ``then``, both with ``properties`` alone

An integer of JSON Schema is a number without a fraction, however it is written. So an integer
comes as a ``float`` now and then.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, NamedTuple
from urllib.parse import urljoin

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from multichat_spec import schemas

__all__ = ["JSON", "TEXT", "Broken", "Unsupported", "broken", "same", "valid", "validator"]

Schema = bool | Mapping[str, Any]

ANNOTATIONS: Final = frozenset(
    {"$schema", "$id", "$defs", "title", "description", "examples", "$comment"}
)
KEYWORDS_OF_TYPE: Final[Mapping[str, frozenset[str]]] = {
    "string": frozenset({"pattern", "not"}),
    "integer": frozenset({"minimum", "maximum"}),
    "object": frozenset({"properties", "required", "allOf"}),
    "null": frozenset(),
}
SHAPES: Final = ("$ref", "anyOf", "oneOf", "const", "enum", "type")

TEXT: Final = st.text() | st.sampled_from(
    [
        "",
        "1",
        " ",
        "\0",
        "\n",
        "join",
        "[{",
        '"',
        "\\",
        "\N{BELL}",
        "e\u0301",
        "\U0001f600",
        "\uffff",
    ]
)
"""Unicode text. Lone surrogates are no text; the tests of hostile JSON have them."""

JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
"""Any JSON value."""


class Unsupported(NotImplementedError):
    """The schema says something that these strategies would leave out of the tests."""


class Broken(NamedTuple):
    """
    An instance that a schema does not allow.

    Attributes:
        instance: The instance.
        member: The name of the member of the outer object that is to blame; ``None`` if the
            instance is no object at all.
        keyword: The keyword that it breaks. ``required`` means that the member is missing.

    """

    instance: Any
    member: str | None
    keyword: str


@cache
def validator(name: str) -> Draft202012Validator:
    """Return the reference implementation's validator of one of v1's schemas."""
    found = schemas()
    resources = [(schema["$id"], Resource.from_contents(schema)) for schema in found.values()]
    registry: Registry[Any] = Registry().with_resources(resources)
    return Draft202012Validator(found[name], registry=registry)


@cache
def valid(name: str) -> SearchStrategy[Any]:
    """Return what makes instances that one of v1's schemas allows."""
    schema = schemas()[name]
    return Reader(schemas()).valid(schema, schema["$id"])


@cache
def broken(name: str) -> SearchStrategy[Broken]:
    """Return what makes instances that one of v1's schemas just does not allow."""
    schema = schemas()[name]
    return Reader(schemas()).broken(schema, schema["$id"])


class Reader:
    """
    Reads schemas that may refer to each other.

    Args:
        documents: The schemas, each with its ``$id``.

    """

    def __init__(self, documents: Mapping[str, Mapping[str, Any]]) -> None:
        self._by_id = {document["$id"]: document for document in documents.values()}

    def valid(self, schema: Schema, base: str) -> SearchStrategy[Any]:
        """Return what makes instances that the schema, which stands in file ``base``, allows."""
        if schema is True:
            return JSON
        if schema is False:
            return st.nothing()
        match _shape(schema):
            case "$ref":
                return self.valid(*self._follow(schema["$ref"], base))
            case "anyOf" | "oneOf" as shape:
                return st.one_of([self.valid(each, base) for each in schema[shape]])
            case "const":
                return st.just(schema["const"])
            case "enum":
                return st.sampled_from(schema["enum"])
            case _:
                return st.one_of([self._typed(kind, schema, base) for kind in _types(schema)])

    def broken(self, schema: Schema, base: str) -> SearchStrategy[Broken]:
        """Return what makes instances that break one keyword of the schema."""
        if schema is True:
            return st.nothing()
        if schema is False:
            return JSON.map(lambda value: Broken(value, None, "false"))
        match _shape(schema):
            case "$ref":
                return self.broken(*self._follow(schema["$ref"], base))
            case "anyOf":
                # What breaks one branch may suit another: every branch has its say.
                return self._none_of("anyOf", schema["anyOf"], base)
            case "oneOf":
                return st.one_of([self.broken(each, base) for each in schema["oneOf"]])
            case "const":
                return _near(schema["const"], "const").filter(
                    lambda bad: not same(bad.instance, schema["const"])
                )
            case "enum":
                return (
                    st.sampled_from(schema["enum"])
                    .flatmap(lambda it: _near(it, "enum"))
                    .filter(lambda bad: not any(same(bad.instance, it) for it in schema["enum"]))
                )
            case _:
                kinds = _types(schema)
                others = JSON.filter(lambda value: not any(_is(value, kind) for kind in kinds))
                faults = [self._break_typed(kind, schema, base) for kind in kinds]
                return st.one_of(others.map(lambda value: Broken(value, None, "type")), *faults)

    def _typed(self, kind: str, schema: Mapping[str, Any], base: str) -> SearchStrategy[Any]:
        match kind:
            case "null":
                return st.none()
            case "string" if "pattern" in schema:
                excluded = _excluded(schema)
                strings = st.from_regex(schema["pattern"])
                return strings.filter(lambda text: not (excluded and re.search(excluded, text)))
            case "string":
                return TEXT
            case "integer":
                return _integers(schema)
            case _:
                return self._objects(schema, base)

    def _objects(self, schema: Mapping[str, Any], base: str) -> SearchStrategy[dict[str, Any]]:
        known = schema.get("properties", {})
        required = schema.get("required", [])
        members = {name: self.valid(each, base) for name, each in known.items()}
        unknown = st.dictionaries(TEXT.filter(lambda name: name not in known), JSON, max_size=2)
        whole = st.fixed_dictionaries(
            {name: members.get(name, JSON) for name in required},
            optional={
                name: each
                for name, each in members.items()
                if name not in required and known[name] is not False
            },
        )
        # In any order, since the order of members means nothing.
        objects = st.tuples(whole, unknown).flatmap(
            lambda parts: st.permutations([*parts[0].items(), *parts[1].items()]).map(dict)
        )
        for rule in self._rules(schema, base):
            objects = objects.flatmap(rule.obey)
        return objects

    def _break_typed(
        self, kind: str, schema: Mapping[str, Any], base: str
    ) -> SearchStrategy[Broken]:
        match kind:
            case "string" if "pattern" in schema:
                return _mismatches(schema["pattern"], _excluded(schema))
            case "integer":
                return _out_of_range(schema)
            case "object":
                return self._break_object(schema, base)
            case _:
                return st.nothing()

    def _break_object(self, schema: Mapping[str, Any], base: str) -> SearchStrategy[Broken]:
        whole = self._objects(schema, base)
        ways = [_without(whole, name) for name in schema.get("required", [])]
        ways += [
            _with(whole, name, self.broken(each, base))
            for name, each in schema.get("properties", {}).items()
        ]
        ways += [whole.flatmap(rule.breach) for rule in self._rules(schema, base)]
        return st.one_of(ways)

    def _rules(self, schema: Mapping[str, Any], base: str) -> Iterator["_Rule"]:
        for each in schema.get("allOf", []):
            if set(each) - ANNOTATIONS != {"if", "then"}:
                raise Unsupported(f"an allOf of {sorted(each)}")
            for part in ("if", "then"):
                if set(each[part]) - ANNOTATIONS != {"properties"}:
                    raise Unsupported(f"{part} with {sorted(each[part])}")
            yield _Rule(self, schema, each["if"]["properties"], each["then"]["properties"], base)

    def _none_of(self, keyword: str, branches: list[Schema], base: str) -> SearchStrategy[Broken]:
        judges = [self._judge(each, base) for each in branches]
        return (
            st.one_of([self.broken(each, base) for each in branches])
            .filter(lambda bad: not any(judge.is_valid(bad.instance) for judge in judges))
            .map(lambda bad: Broken(bad.instance, None, f"{keyword}: {bad.keyword}"))
        )

    def _judge(self, schema: Schema, base: str) -> Draft202012Validator:
        resources = [(uri, Resource.from_contents(each)) for uri, each in self._by_id.items()]
        registry: Registry[Any] = Registry().with_resources(resources)
        # A `$ref` is resolved against the file that it stands in.
        whole = schema if isinstance(schema, bool) else {"$id": base, **schema}
        if isinstance(schema, Mapping) and schema.get("$ref", "").startswith("#"):
            whole = {"$ref": base + schema["$ref"]}
        return Draft202012Validator(whole, registry=registry)

    def _follow(self, ref: str, base: str) -> tuple[Schema, str]:
        target, _, fragment = urljoin(base, ref).partition("#")
        found: Any = self._by_id[target]
        for step in fragment.split("/")[1:]:
            found = found[step]
        return found, target


class _Rule:
    """One ``if`` and ``then`` over the members of an object."""

    def __init__(
        self,
        reader: Reader,
        schema: Mapping[str, Any],
        when: Mapping[str, Schema],
        then: Mapping[str, Schema],
        base: str,
    ) -> None:
        self._reader, self._schema, self._base = reader, schema, base
        self._when, self._then = when, then
        self._is_met = Draft202012Validator({"properties": when}).is_valid
        self._is_kept = Draft202012Validator({"properties": then}).is_valid
        # A subschema without a type says nothing of other types: the object's own does.
        for name, each in {**when, **then}.items():
            if name not in schema.get("properties", {}):
                raise Unsupported(f"a rule about {name!r}, which properties does not describe")
            if not isinstance(each, Mapping):
                raise Unsupported("a rule with a boolean schema")

    def obey(self, instance: dict[str, Any]) -> SearchStrategy[dict[str, Any]]:
        """Return the instance if it obeys; else what makes it obey."""
        if not self._is_met(instance) or self._is_kept(instance):
            return st.just(instance)
        return st.fixed_dictionaries(
            {name: self._reader.valid(each, self._base) for name, each in self._then.items()}
        ).map(lambda members: {**instance, **members})

    def breach(self, instance: dict[str, Any]) -> SearchStrategy[Broken]:
        """Return what makes the instance one that meets the ``if`` and breaks the ``then``."""
        meets = st.fixed_dictionaries(
            {name: self._meeting(name, each) for name, each in self._when.items()}
        )
        breaks = st.sampled_from(sorted(self._then)).flatmap(
            lambda name: self._breaking(name).map(lambda value: (name, value))
        )
        return st.tuples(meets, breaks).map(
            lambda parts: Broken(
                {**instance, **parts[0], parts[1][0]: parts[1][1]}, parts[1][0], "then"
            )
        )

    def _meeting(self, name: str, condition: Schema) -> SearchStrategy[Any]:
        judge = Draft202012Validator(condition)
        if isinstance(condition, Mapping) and "enum" in condition:
            return st.sampled_from(condition["enum"])
        own = {**self._schema["properties"][name], **_mapping(condition)}
        return self._reader.valid(own, self._base).filter(judge.is_valid)

    def _breaking(self, name: str) -> SearchStrategy[Any]:
        judge = Draft202012Validator(self._then[name])
        own = self._reader.valid(self._schema["properties"][name], self._base)
        return own.filter(lambda value: not judge.is_valid(value))


def _shape(schema: Mapping[str, Any]) -> str:
    words = set(schema) - ANNOTATIONS
    shapes: list[str] = [shape for shape in SHAPES if shape in words]
    if len(shapes) != 1:
        raise Unsupported(f"a schema of {sorted(words)}: exactly one of {SHAPES} is understood")
    allowed: set[str] = {shapes[0]}
    if shapes[0] == "type":
        for kind in _types(schema):
            allowed |= KEYWORDS_OF_TYPE[kind]
    if words - allowed:
        raise Unsupported(f"{sorted(words - allowed)} beside {shapes[0]!r}")
    return shapes[0]


def _types(schema: Mapping[str, Any]) -> list[str]:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if unknown := [kind for kind in kinds if kind not in KEYWORDS_OF_TYPE]:
        raise Unsupported(f"the type {unknown[0]!r}")
    return kinds


def _mapping(schema: Schema) -> Mapping[str, Any]:
    if isinstance(schema, bool):
        raise Unsupported("a boolean schema here")
    return schema


def same(one: object, other: Any) -> bool:
    """Compare as JSON does: ``4.0`` is ``4``, and ``true`` is not ``1``."""
    return Draft202012Validator({"const": one}).is_valid(other)


@cache
def _type_judge(kind: str) -> Draft202012Validator:
    return Draft202012Validator({"type": kind})


def _is(value: Any, kind: str) -> bool:
    return _type_judge(kind).is_valid(value)


def _integers(schema: Mapping[str, Any]) -> SearchStrategy[int | float]:
    least, most = schema.get("minimum"), schema.get("maximum")
    corners = [0, 1, 2, 3, 4, 5, 6, -1, -6]
    corners += [corner for corner in (least, most) if corner is not None]
    inside = [
        corner
        for corner in corners
        if (least is None or least <= corner) and (most is None or corner <= most)
    ]
    integers = st.sampled_from(inside) | st.integers(least, most)
    # Small enough for binary64 to hold them exactly, and all of their neighbours.
    written_as_floats = integers.filter(lambda value: abs(value) < 2**53).map(float)
    return st.one_of(integers, integers, integers, written_as_floats)


def _out_of_range(schema: Mapping[str, Any]) -> SearchStrategy[Broken]:
    ways: list[SearchStrategy[Broken]] = []
    if "minimum" in schema:
        below = st.integers(max_value=schema["minimum"] - 1) | st.just(schema["minimum"] - 1)
        ways.append(below.map(lambda value: Broken(value, None, "minimum")))
    if "maximum" in schema:
        above = st.integers(min_value=schema["maximum"] + 1) | st.just(schema["maximum"] + 1)
        ways.append(above.map(lambda value: Broken(value, None, "maximum")))
    return st.one_of(ways)


def _excluded(schema: Mapping[str, Any]) -> str | None:
    """Return the pattern that a string must not have besides."""
    if "not" not in schema:
        return None
    if "pattern" not in schema or set(_mapping(schema["not"])) != {"pattern"}:
        raise Unsupported("a not of anything but a pattern, beside a pattern")
    excluded: str = schema["not"]["pattern"]
    return excluded


def _mismatches(pattern: str, excluded: str | None) -> SearchStrategy[Broken]:
    """Return strings that miss a pattern by a character, and others that miss it by more."""
    junk = st.sampled_from([*"01 +-.e_aZ\n\0\u0661\uff11", "\u200b", "00", "0x"])
    right = st.from_regex(pattern)
    cut = st.tuples(right, st.integers(0, 70), junk | st.just(""), st.integers(0, 2))
    near = cut.map(lambda it: it[0][: it[1]] + it[2] + it[0][it[1] + it[3] :])
    swapped = right.map(str.swapcase)
    wrong = (
        (near | swapped | TEXT)
        .filter(lambda text: not re.search(pattern, text))
        .map(lambda text: Broken(text, None, "pattern"))
    )
    if excluded is None:
        return wrong
    # What "$" lets through in some dialects of regular expressions.
    both = right.map(lambda text: text.rstrip("\n") + "\n").filter(
        lambda text: bool(re.search(pattern, text) and re.search(excluded, text))
    )
    return wrong | both.map(lambda text: Broken(text, None, "not"))


def _near(value: object, keyword: str) -> SearchStrategy[Broken]:
    """Return anything, and what looks like the value without being it."""
    ways: list[SearchStrategy[Any]] = [JSON, st.just([value]), st.just({"value": value})]
    if isinstance(value, str):
        ways += [
            st.sampled_from([value.upper(), value.title(), f" {value}", f"{value}\n", value[:-1]]),
            TEXT.map(lambda text: value + text),
        ]
    return st.one_of(ways).map(lambda other: Broken(other, None, keyword))


def _without(whole: SearchStrategy[dict[str, Any]], name: str) -> SearchStrategy[Broken]:
    return whole.map(
        lambda instance: Broken(
            {key: value for key, value in instance.items() if key != name}, name, "required"
        )
    )


def _with(
    whole: SearchStrategy[dict[str, Any]], name: str, values: SearchStrategy[Broken]
) -> SearchStrategy[Broken]:
    return st.tuples(whole, values).map(
        lambda parts: Broken({**parts[0], name: parts[1].instance}, name, parts[1].keyword)
    )
