"""Where passwords come from, and where they never come from."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from multichat_cli import options
from multichat_cli.exit_codes import CommandFailed, ExitCode
from tests.cli.commands import multichat
from tests.cli.rooms import ALICE, room
from tests.support.scripted import serve


@pytest.fixture(autouse=True)
def no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MULTICHAT_PASSWORD", raising=False)


@pytest.fixture
def stdin() -> Iterator[int]:
    """Make the process's input a pipe; yield the end to write to."""
    kept = os.dup(0)
    reading, writing = os.pipe()
    os.dup2(reading, 0)
    os.close(reading)
    yield writing
    os.dup2(kept, 0)
    os.close(kept)


def password(*, stdin: bool = False, file: Path | None = None) -> str:
    return options.read_password("Password: ", stdin=stdin, file=file)


def test_the_first_line_of_the_input_and_no_more_of_it(stdin: int) -> None:
    os.write(stdin, "wonderländ\r\nhello\n".encode())
    os.close(stdin)

    assert password(stdin=True) == "wonderländ"
    assert os.read(0, 100) == b"hello\n"


def test_the_first_line_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(" wonder land \nsecond")

    assert password(file=file) == " wonder land "


def test_the_environment_comes_last(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MULTICHAT_PASSWORD", "from the environment")
    file = tmp_path / "password"
    file.write_text("from the file")

    assert password() == "from the environment"
    assert password(file=file) == "from the file"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "no password"), (b"\n", "no password"), (b"\xff\n", "UTF-8"), (b"x" * 5000, "too long")],
)
def test_what_is_no_password(content: bytes, sentence: str, tmp_path: Path, stdin: int) -> None:
    file = tmp_path / "password"
    file.write_bytes(content)
    os.write(stdin, content)
    os.close(stdin)

    with pytest.raises(CommandFailed, match=sentence) as of_file:
        password(file=file)
    with pytest.raises(CommandFailed, match=sentence):
        password(stdin=True)

    assert of_file.value.code is ExitCode.ERROR


def test_a_password_in_the_environment_that_is_not_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is nowhere in the error."""
    monkeypatch.setenv("MULTICHAT_PASSWORD", "bad\udcff")

    with pytest.raises(CommandFailed, match="in MULTICHAT_PASSWORD is not valid UTF-8") as caught:
        password()

    assert caught.value.code is ExitCode.USAGE
    assert caught.value.__context__ is None


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"cannot read the password from .*: No such"):
        password(file=tmp_path / "none")


def test_two_places_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="exclude each other"):
        password(stdin=True, file=tmp_path)


def test_nobody_is_asked_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "can_ask", lambda: False)

    with pytest.raises(CommandFailed, match="no terminal to ask for it") as caught:
        password()

    assert caught.value.code is ExitCode.USAGE


def test_a_new_password_is_asked_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["one", "two", "same", "same"])
    monkeypatch.setattr(options, "can_ask", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _: next(answers))

    with pytest.raises(CommandFailed, match="not the same; nothing was changed"):
        options.new_password("alice", stdin=False, file=None)
    assert options.new_password("alice", stdin=False, file=None) == "same"


async def test_password_and_messages_from_one_input() -> None:
    """The first line is the password, the others are said."""
    async with serve(room()) as server:
        done = await multichat(
            "join", "1", "--url", server.url, "--user", "alice", "--password-stdin",
            stdin=b"wonderland\nhello\n",
        )  # fmt: skip

    assert (done.code, done.out) == (0, "alice: hello\n* alice left\n")


async def test_a_password_is_no_flag() -> None:
    done = await multichat("send", "1", "hi", "--password", "wonderland", env=ALICE)

    assert done.code == ExitCode.USAGE
