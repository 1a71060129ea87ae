"""Tests wait for what happens, not for time to pass."""

from __future__ import annotations

import ast

import pytest

from tests.house.repository import ROOT, files

# Under one of these fixtures a sleep takes no time: the clock jumps.
VIRTUAL_CLOCKS = {"autojump_clock", "mock_clock"}

# sleep_forever is a place to be cancelled at, not a wait; checkpoint and sleep(0) only yield.
MODULES = {"time", "trio", "asyncio", "anyio"}
WAITS = {"sleep", "sleep_until"}


def sleeps(source: str) -> list[int]:
    """
    Return the lines of ``source`` that sleep on a real clock.

    A test has a virtual clock if it asks for one. What is no test may be used by those that
    have one, if the module has such tests at all.
    """
    found = []
    tree = ast.parse(source)

    def visit(node: ast.AST, virtual: bool) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            is_test = node.name.startswith("test_")
            virtual = _has_clock(node) or (virtual and not is_test)
        if (not virtual and (_is_wait(node) or _imports_wait(node))) or _asks_in_vain(node):
            found.append(node.lineno)  # type: ignore[attr-defined]  # both kinds have one
        for child in ast.iter_child_nodes(node):
            visit(child, virtual)

    visit(tree, virtual=any(_has_clock(node) for node in ast.walk(tree)))
    return found


def _has_clock(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
        argument.arg in VIRTUAL_CLOCKS for argument in (*node.args.args, *node.args.kwonlyargs)
    )


def _asks_in_vain(node: ast.AST) -> bool:
    """Return whether a clock is asked for in a way that pytest-trio does not see."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "usefixtures"
        and any(isinstance(arg, ast.Constant) and arg.value in VIRTUAL_CLOCKS for arg in node.args)
    )


def _is_wait(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in WAITS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in MODULES
        and not (
            node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value in (0, 0.0)
        )
    )


def _imports_wait(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.ImportFrom)
        and node.module in MODULES
        and any(alias.name in WAITS for alias in node.names)
    )


def test_no_test_sleeps() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in files("*.py")
        if (ROOT / "tests") in path.parents
        for line in sleeps(path.read_text())
    ]

    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.sleep(1)",
        "async def test_it(nursery):\n    await trio.sleep(0.1)",
        "async def test_it():\n    await asyncio.sleep(delay)",
        "async def slowly():\n    await trio.sleep(1)",
        "async def test_it(mock_clock): ...\nasync def test_other():\n    await trio.sleep(1)",
        "from time import sleep",
        '@pytest.mark.usefixtures("mock_clock")\nasync def test_it(): ...',
    ],
)
def test_a_sleep_is_found(source: str) -> None:
    assert len(sleeps(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "async def test_it(autojump_clock):\n    await trio.sleep(60)",
        "async def slowly():\n    await trio.sleep(1)\nasync def test_it(mock_clock): ...",
        "async def test_it():\n    await trio.sleep(0)",
        "async def test_it():\n    await trio.sleep_forever()",
    ],
)
def test_what_takes_no_time_is_no_sleep(source: str) -> None:
    assert sleeps(source) == []
