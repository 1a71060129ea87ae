"""`make` alone explains every target."""

from __future__ import annotations

import re
import subprocess

from tests.house.repository import ROOT


def targets() -> set[str]:
    """The targets that a person types; those with a dot or a slash are stamps."""
    makefile = (ROOT / "Makefile").read_text()
    return set(re.findall(r"^([a-z]+):(?!=)", makefile, re.MULTILINE))


def make(*arguments: str) -> str:
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_help_lists_each_target() -> None:
    explained = dict(re.findall(r"^  make (\S+) +(\S.*)$", make(), re.MULTILINE))

    assert set(explained) == targets()
    assert {"demo", "test", "check", "fast", "matrix", "wheel", "lock"} <= set(explained)


def test_help_is_what_make_does_alone() -> None:
    assert make() == make("help")


def test_each_target_is_phony() -> None:
    """A file that happens to be called `test` stops nothing."""
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert phony is not None
    assert set(phony[1].split()) == targets()
