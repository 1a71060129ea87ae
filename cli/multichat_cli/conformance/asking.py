"""Ask a person about their server, and write the target file."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, get_args

import typer

from multichat_cli.exit_codes import CommandFailed, ExitCode
from multichat_cli.options import can_ask
from multichat_cli.output import Output
from multichat_conformance.reports.report import write_atomically
from multichat_conformance.target.file import is_room_id, wrong_url
from multichat_conformance.target.init import Answers, target_file, variable_of
from multichat_conformance.target.model import Recipe

__all__ = ["ask", "refuse_to_overwrite", "words", "write"]

_T = TypeVar("_T")

_URL = "ws://127.0.0.1:8000/chat/stream/"


def refuse_to_overwrite(file: Path, *, force: bool) -> None:
    """
    See that nobody's file is lost.

    Raises:
        CommandFailed: There is such a file, and nobody said to overwrite it.

    """
    if file.exists() and not force:
        raise CommandFailed(
            ExitCode.USAGE, f"{file} is there already: give another name, or --force"
        )


def words(command: str) -> tuple[str, ...]:
    """
    Return a command line as words, as a shell parts it.

    Raises:
        CommandFailed: A quote is left open.

    """
    try:
        return tuple(shlex.split(command))
    except ValueError as exc:
        raise CommandFailed(ExitCode.USAGE, f"{command!r} is no command line: {exc}") from exc


def ask() -> Answers:
    """
    Ask a person.

    Raises:
        CommandFailed: There is no terminal to ask at.

    """
    if not can_ask():
        raise CommandFailed(
            ExitCode.USAGE,
            "there is no terminal to ask at: give --url, and --account, --staff, --room, "
            "--staff-room as there are",
        )
    typer.echo("Enter takes what stands in brackets.\n", err=True)
    url = _asked("Address of the chat's stream", _URL, _url)
    recipe = _asked(f"Login ({', '.join(get_args(Recipe))})", "django-form", _recipe)
    login_path = "/accounts/login/"
    if recipe == "django-form":
        login_path = _asked("Path of the login form", login_path, _path)
    accounts: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    if recipe != "none":
        accounts = _asked("Plain accounts, three are best", "alice bob carol", _names)
        staff = _asked('Staff account, "-" for none', "dave", _names)
    rooms = _asked("Open rooms by number, three are best, two needed", "1 2 4", _rooms)
    staff_rooms = _asked('Staff room by number, "-" for none', "3", _rooms)
    start = _asked('Command that starts the server, "-" if it runs already', "-", _command)
    hooks = _asked('Address of hooks, "-" for none', "-", lambda text: "" if text == "-" else text)
    return Answers(
        url=url,
        recipe=recipe,
        login_path=login_path,
        accounts=accounts,
        staff=staff,
        rooms=rooms,
        staff_rooms=staff_rooms,
        start=start,
        hooks=hooks,
    )


def write(file: Path, answers: Answers) -> None:
    """
    Write a target file, and say what to do next.

    Raises:
        CommandFailed: An answer fits no target file, or the file cannot be written.

    """
    try:
        text = target_file(answers)
    except ValueError as exc:
        raise CommandFailed(ExitCode.USAGE, str(exc)) from exc
    try:
        write_atomically(file, text)
    except OSError as exc:
        raise CommandFailed(ExitCode.ERROR, f"cannot write {file}: {exc.strerror}") from exc
    talk = Output(as_json=False).talk
    talk(f"written: {file}")
    if answers.recipe != "none" and (names := [*answers.accounts, *answers.staff]):
        variables = " ".join(variable_of(name, answers.recipe) for name in names)
        talk(f"next: set {variables}")
    talk(f"then: multichat conformance doctor --target {shlex.quote(str(file))}")


def _asked(question: str, default: str, convert: Callable[[str], _T]) -> _T:
    """Ask until the answer can be used."""

    def value(text: str) -> _T:
        try:
            return convert(text.strip())
        except ValueError as exc:
            raise typer.BadParameter(str(exc)) from exc

    answer: _T = typer.prompt(question, default=default, value_proc=value, err=True)
    return answer


def _url(text: str) -> str:
    if wrong := wrong_url(text.replace("{port}", "1")):
        raise ValueError(wrong)
    return text


def _recipe(text: str) -> Recipe:
    for recipe in get_args(Recipe):
        if text == recipe:
            known: Recipe = recipe
            return known
    raise ValueError(f"{text!r} is none of these")


def _path(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError("a path begins with /")
    return text


def _names(text: str) -> tuple[str, ...]:
    return () if text == "-" else tuple(text.replace(",", " ").split())


def _rooms(text: str) -> tuple[str, ...]:
    rooms = _names(text)
    for room in rooms:
        if not is_room_id(room):
            raise ValueError(f"{room!r} is no room's id: a number such as 1")
    return rooms


def _command(text: str) -> tuple[str, ...]:
    return () if text == "-" else tuple(shlex.split(text))
