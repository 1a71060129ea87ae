"""The readers of the specification find it in a checkout and in a wheel."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import multichat_spec
from multichat_spec import UnknownName

PROJECT = Path(__file__).parents[2]


def test_v1_is_here() -> None:
    assert multichat_spec.versions() == ("v1",)
    assert multichat_spec.root().joinpath("v1", "README.md").is_file()


def test_a_schema_is_read_by_its_path() -> None:
    assert multichat_spec.schema("client/join")["title"] == "join"
    assert multichat_spec.schema("client")["oneOf"][0] == {"$ref": "client/join.json"}
    assert {
        "client",
        "client/send",
        "room",
        "server",
        "server/error",
    } <= multichat_spec.schemas().keys()


def test_what_is_returned_may_be_changed() -> None:
    multichat_spec.schema("client/join").clear()

    assert multichat_spec.schema("client/join") != {}


def test_a_clause_is_read_by_its_id() -> None:
    clause = multichat_spec.requirement("MC1-JOIN-02")

    assert clause in multichat_spec.requirements()
    assert (clause.keyword, clause.profile, clause.role) == ("MUST", "core", "server")
    assert clause.section.number == "4.2"
    assert clause.check.possible


def test_the_tables_are_read_by_code() -> None:
    assert multichat_spec.error("ROOM_INVALID")["profile"] == "core"
    assert next(iter(multichat_spec.errors())) == "USER_HAS_TO_LOGIN"
    assert multichat_spec.close_codes()[1012]["name"] == "SERVICE_RESTART"
    assert multichat_spec.state()["server_room"]["initial"] == "outside"
    assert multichat_spec.asyncapi()["asyncapi"] == "3.0.0"


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: multichat_spec.schema("client/shout"), "v1 has no schema 'client/shout'"),
        (lambda: multichat_spec.schema("client", version="v0"), "no version 'v0'"),
        (lambda: multichat_spec.requirement("MC1"), "no clause 'MC1'"),
        (lambda: multichat_spec.error("TEAPOT"), "v1 has no error code 'TEAPOT'"),
    ],
)
def test_an_unknown_name_is_named(ask: object, sentence: str) -> None:
    assert callable(ask)
    with pytest.raises(UnknownName, match=sentence):
        ask()


def test_an_installed_wheel_carries_its_own(tmp_path: Path) -> None:
    """In a wheel v1 lies inside the package, and there is no checkout around it."""
    package = tmp_path / "multichat_spec"
    shutil.copytree(
        PROJECT / "spec" / "multichat_spec", package, ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(PROJECT / "spec" / "v1", package / "v1")
    script = (
        "import json, multichat_spec as spec\n"
        "print(json.dumps([str(spec.root()), len(spec.requirements()), len(spec.examples())]))\n"
    )

    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{script}",
        ],
        capture_output=True,
        check=True,
        text=True,
    )

    root, clauses, examples = json.loads(done.stdout)
    assert Path(root) == package
    assert clauses == len(multichat_spec.requirements())
    assert examples == len(multichat_spec.examples())


def test_only_the_standard_library_is_needed() -> None:
    """An implementer of another language's tools needs no package but this one."""
    script = (
        "import sys\n"
        f"sys.path.insert(0, {str(PROJECT / 'spec')!r})\n"
        "import multichat_spec, multichat_spec.generate\n"
        "ours = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(ours - set(sys.stdlib_module_names) - {'multichat_spec', '__main__'}))\n"
    )

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, check=True, text=True
    )

    assert done.stdout.strip() == "[]"
