"""What no file of the repository may say."""

from __future__ import annotations

import re

import pytest

from tests.house.repository import ROOT, files, project

# Written so that this file does not find itself.
MACHINE_PATH = re.compile(
    r"(?<![\w.$}/])/(?:root|work|farm|opt/pypi|opt/wheels|home/\w+|Users/\w+|tmp/(?:wt|plan|v|venv\S*))/"
    r"|[A-Z]:\\Users"
)
REGISTRY_HOST = re.compile(
    r"(?:[\w-]+\.)*(?:pypi|pythonhosted|npmjs|crates|rubygems|anaconda)\.(?:org|com|io)"
)


def text_files() -> list[tuple[str, str]]:
    found = []
    for path in files():
        try:
            found.append((path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY_HOST], ids=["path", "registry"])
def test_no_file_names_a_machine_or_a_registry(pattern: re.Pattern[str]) -> None:
    """The repository builds anywhere, with any index, and says nothing of where it was written."""
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in text_files()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]

    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "cd /" + "root/project",
        "see '/" + "home/ann/x'",
        "open(/" + "tmp/wt/a/b)",
        "sys.path.append('/" + "work/main')",
    ],
)
def test_a_path_of_a_machine_is_found(line: str) -> None:
    assert MACHINE_PATH.search(line)


@pytest.mark.parametrize("host", ["py" + "pi.org", "files.python" + "hosted.org"])
def test_a_registry_is_found(host: str) -> None:
    assert REGISTRY_HOST.search(f"--index-url https://{host}/simple")


def says_version(text: str, version: str) -> bool:
    """Tell whether a file gives ``version`` as multichat's own; other things have versions too."""
    number = re.escape(version)
    assigned = rf"""\b(?:__version__|version|VERSION)["']?\s*[:=]+\s*["']{number}["']"""
    named = rf"multichat(?:\W+v?|\W+version\W+){number}(?![\w.])"
    return re.search(f"{assigned}|{named}", text) is not None


def test_the_version_stands_in_one_place() -> None:
    """Only pyproject.toml and the changelog name the version; code asks the metadata."""
    version = project()["project"]["version"]

    found = {name for name, text in text_files() if says_version(text, version)}

    assert found - {"CHANGELOG.md"} == {"pyproject.toml"}


@pytest.mark.parametrize(
    "line", ["__version__ = '1.2.3'", '"version": "1.2.3",', "multichat 1.2.3", "multichat==1.2.3"]
)
def test_a_version_is_found(line: str) -> None:
    assert says_version(line, "1.2.3")


@pytest.mark.parametrize("line", ['"bindingVersion": "1.2.3"', "trio==1.2.3", "multichat 1.2.30"])
def test_the_version_of_something_else_is_none(line: str) -> None:
    assert not says_version(line, "1.2.3")
