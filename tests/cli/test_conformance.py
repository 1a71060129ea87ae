"""The commands that look things up, write and examine a target file, tell a story again."""

import json
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner, Result

import multichat_spec
from multichat_cli.app import app
from multichat_conformance.catalogue import catalogue
from multichat_conformance.coverage import gaps
from multichat_conformance.target.file import target_schema
from tests.cli.commands import LINES
from tests.cli.test_conformance_run import conformance, words
from tests.cli.test_main import run_without
from tests.conformance.small_server import Running, small_server
from tests.conformance.target_file import write_target_file

URL = "ws://127.0.0.1:8000/chat/stream/"


def command(*arguments: str) -> Result:
    """Run a command that reaches nothing, in this process."""
    return CliRunner().invoke(app, ["conformance", *arguments], prog_name="multichat")


def events(done: Result) -> list[dict[str, object]]:
    found = [json.loads(line) for line in done.stdout.splitlines()]
    for event in found:
        LINES.validate(event)
    return found


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with small_server() as started:
        yield started


def test_list_shows_every_check() -> None:
    done = command("list")

    assert done.exit_code == 0
    for check in catalogue():
        assert f"  {check.id}\n" in done.stdout
    assert done.stdout.endswith(f"\n{len(catalogue())} checks\n")


def test_list_can_be_narrowed_and_read_by_programs() -> None:
    done = command("list", "--json", "--only", "join.*", "--only", "MC1-HAND-01", "--level", "core")
    found = events(done)

    assert {str(event["area"]) for event in found} >= {"join", "handshake"}
    assert {event["profile"] for event in found} == {"core"}
    assert {e["group"] for e in events(command("list", "--json", "--group", "load"))} == {"load"}


def test_list_of_nothing() -> None:
    done = command("list", "--only", "no-such-check")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "no check fits" in done.stderr


def test_explain_prints_the_page() -> None:
    done = command("explain", "MC1-JOIN-07")

    assert done.exit_code == 0
    assert done.stdout.startswith("MC1-JOIN-07  MUST NOT, hardened, binds servers\n")


def test_explain_of_what_there_is_not() -> None:
    # In two pieces, lest it count as a clause that the project cites.
    done = command("explain", "MC1-JOIN-" + "99")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "near are MC1-JOIN-" in done.stderr


def test_coverage_shows_every_clause() -> None:
    done = command("coverage")

    assert done.exit_code == 0
    for clause in multichat_spec.requirements():
        assert f"{clause.id} " in done.stdout


def test_coverage_for_programs() -> None:
    found = events(command("coverage", "--json"))

    assert [event["id"] for event in found] == [r.id for r in multichat_spec.requirements()]
    assert [e["id"] for e in events(command("coverage", "--missing", "--json"))] == list(gaps())


def test_schemas_are_printed() -> None:
    assert json.loads(command("schema", "target").stdout) == target_schema()
    schema = json.loads(command("schema", "events").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert command("schema", "nothing").exit_code == 2


def test_init_writes_a_file_from_options(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    options = ("--url", URL, "--account", "alice", "--staff", "dave", "--room", "1", "--room", "2")
    done = command("init", str(file), *options, "--start", './serve --name "my server"')

    assert done.exit_code == 0, done.stderr
    document = tomllib.loads(file.read_text())
    assert document["url"] == URL
    assert document["start"]["command"] == ["./serve", "--name", "my server"]
    assert "set MULTICHAT_PASSWORD_ALICE MULTICHAT_PASSWORD_DAVE" in done.stderr
    assert f"multichat conformance doctor --target {file}" in done.stderr


def test_init_overwrites_nothing_unless_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("mine")
    refused = command("init", str(file), "--url", URL)

    assert refused.exit_code == 2
    assert "is there already" in refused.stderr
    assert file.read_text() == "mine"
    assert command("init", str(file), "--url", URL, "--force").exit_code == 0
    assert URL in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["t.toml", "--url", "http://x/"], 2, "does not begin with ws:// or wss://"),
        (["t.toml", "--url", URL, "--room", "x"], 2, "rooms.0.id"),
        (["t.toml", "--url", URL, "--start", "'open"], 2, "is no command line"),
        (["no/folder.toml", "--url", URL], 1, "cannot write no/folder.toml"),
    ],
)
def test_init_that_cannot_be_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = command("init", *arguments)

    assert done.exit_code == code
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_init_asks_a_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong answers are asked again; Enter takes what stands in brackets."""
    monkeypatch.setattr("multichat_cli.conformance.asking.can_ask", lambda: True)
    monkeypatch.chdir(tmp_path)
    answers = ["http://x/", URL, "magic", "", "in", "/in/", "alice, bob", "-", "1 01", "1 2", "-"]
    done = CliRunner().invoke(
        app, ["conformance", "init"], input="\n".join([*answers, "", "", ""]), prog_name="multichat"
    )

    assert done.exit_code == 0, done.output
    document = tomllib.loads((tmp_path / "target.toml").read_text())
    assert document["login"]["path"] == "/in/"
    assert [account["username"] for account in document["accounts"]] == ["alice", "bob"]
    assert [room["id"] for room in document["rooms"]] == ["1", "2"]
    assert "start" not in document
    for said in ("does not begin with ws://", "'magic' is none of these", "a path begins with /"):
        assert said in done.output


def test_init_does_not_ask_where_nobody_is(tmp_path: Path) -> None:
    done = command("init", str(tmp_path / "t.toml"))

    assert done.exit_code == 2
    assert "give --url" in done.stderr


async def test_doctor_finds_all_well(running: Running, tmp_path: Path) -> None:
    write_target_file(running.target, tmp_path / "t.toml")
    done = await conformance(tmp_path, "doctor", "--target", "t.toml")

    assert done.code == 0, done.out
    assert done.out.startswith("ok     file")
    assert "WRONG" not in done.out
    assert done.err == "All is well. Next: multichat conformance run --target t.toml\n"


async def test_doctor_finds_something_wrong(tmp_path: Path) -> None:
    done = await conformance(tmp_path, "doctor", "ws://127.0.0.1:1/")

    assert done.code == 1
    assert done.out.splitlines()[1].startswith("WRONG  connection")
    assert "start the server, or put url right" in words(done.out)
    assert done.err == ""


async def test_doctor_of_a_file_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text("url = 1")
    done = await conformance(tmp_path, "doctor", "--target", "t.toml")

    assert (done.code, done.out) == (2, "")
    assert done.err == "multichat: t.toml: url: 1 is not of type 'string'\n"


async def test_replay_of_what_is_no_story(running: Running, tmp_path: Path) -> None:
    write_target_file(running.target, tmp_path / "target.toml")
    (tmp_path / "story.json").write_text("[]")
    done = await conformance(tmp_path, "replay", "story.json")
    missing = await conformance(tmp_path, "replay", "missing.json")

    assert (done.code, missing.code) == (2, 2)
    assert "story.json" in done.err
    assert "missing.json" in missing.err


@pytest.mark.parametrize("name", ["jsonschema", "pytest", "trio_websocket"])
def test_without_the_extra_it_says_what_to_install(name: str) -> None:
    done = run_without(name, arguments=["conformance", "run", "ws://127.0.0.1:1/"])

    assert done.returncode == 1
    assert done.stderr == (
        f"multichat: this command needs {name}, which comes with an extra; "
        "in a clone of multichat, install it with: pip install '.[cli,conformance]'\n"
    )
