"""What can be asked of a run: groups by where the target is, and the choice of checks."""

from dataclasses import replace

import pytest

from multichat_conformance.catalogue import Group
from multichat_conformance.running.options import Options, groups_for, is_loopback, planned
from multichat_conformance.target import Target
from tests.conformance.a_check import CORE, HARDENED, a_check

HERE = (Group.SAFE, Group.INTRUSIVE, Group.LIFECYCLE)


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("ws://127.0.0.1:8000/", True),
        ("ws://127.8.9.10/", True),
        ("wss://[::1]:8000/", True),
        ("ws://localhost/", True),
        ("ws://chat.localhost:1/", True),
        ("ws://[::ffff:192.0.2.1]/", False),
        ("ws://localhost.example.org/", False),
        ("ws://127.0.0.1.example.org/", False),
        ("ws://0.0.0.0/", False),
        ("wss://chat.example.org/", False),
        ("ws://192.168.1.2/", False),
        ("ws://user@127.0.0.1@example.org/", False),
        ("ws:///chat/stream/", False),
    ],
)
def test_only_this_machine_is_this_machine(url: str, here: bool) -> None:
    assert is_loopback(url) is here
    assert groups_for(Target(url=url), Options()) == (HERE if here else (Group.SAFE,))


def test_who_asks_decides_and_then_the_file_and_then_the_place() -> None:
    far = Target(url="wss://chat.example.org/")
    filed = replace(far, groups=(Group.INTRUSIVE,))

    assert groups_for(far, Options()) == (Group.SAFE,)
    assert groups_for(filed, Options()) == (Group.INTRUSIVE,)
    assert groups_for(filed, Options(groups=(Group.LOAD,))) == (Group.LOAD,)
    assert groups_for(replace(filed, groups=()), Options()) == ()


def test_load_is_for_nobody_who_did_not_ask() -> None:
    for url in ("ws://127.0.0.1/", "ws://example.org/"):
        assert Group.LOAD not in groups_for(Target(url=url), Options())


@pytest.mark.parametrize(
    ("only", "chosen"),
    [
        ((), ["one", "two", "search"]),
        (("test.one",), ["one"]),
        (("test",), ["one", "two", "search"]),
        (("test.*e*",), ["one", "search"]),
        ((HARDENED,), ["two"]),
        (("MC1-JOIN-*",), ["one", "two", "search"]),
        (("TEST.one",), []),
        (("test.o",), []),
        (("nothing", "test.two"), ["two"]),
    ],
)
def test_checks_are_chosen_by_id_area_or_clause(only: tuple[str, ...], chosen: list[str]) -> None:
    checks = [
        a_check(name="one"),
        replace(a_check(name="two"), clauses=(HARDENED,)),
        a_check(name="search", search=True),
    ]

    assert [check.name for check in planned(checks, Options(only=only))] == chosen


def test_core_alone_leaves_hardened_checks_out() -> None:
    checks = [a_check(name="core"), replace(a_check(name="hard"), clauses=(CORE, HARDENED))]

    assert [check.name for check in planned(checks, Options(level="core"))] == ["core"]
    assert len(planned(checks, Options())) == 2


def test_without_depth_no_search_is_planned_and_the_run_is_narrowed() -> None:
    checks = [a_check(name="told"), a_check(name="searched", search=True)]
    options = Options(depth="none")

    assert [check.name for check in planned(checks, options)] == ["told"]
    assert options.filters == ("no model-based runs",)
    assert Options(only=("join.*",)).filters == ("join.*",)
    assert Options().filters == ()


def test_each_run_has_a_seed_of_its_own() -> None:
    assert len({Options().seed for _ in range(8)}) > 1
