"""A target file that is written can be read, and says what was answered."""

import tomllib
from pathlib import Path

import pytest

from multichat_conformance.catalogue import catalogue
from multichat_conformance.target import Account, Hooks, Login, Room, Start
from multichat_conformance.target.file import load_target
from multichat_conformance.target.init import NEEDED_ROOMS, Answers, target_file, variable_of
from multichat_conformance.target.model import HOOKS

URL = "ws://127.0.0.1:8000/chat/stream/"
WHOLE = Answers(
    url="ws://127.0.0.1:{port}/chat/stream/",
    name='my "server"',
    login_path="/in/",
    accounts=("alice", "bob"),
    staff=("dave",),
    rooms=("1", "2"),
    staff_rooms=("3",),
    start=("./serve", "--port", "{port}"),
    hooks="http://127.0.0.1:9000/hooks/",
)


@pytest.fixture
def passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("alice", "bob", "dave"):
        monkeypatch.setenv(variable_of(name), f"pass-of-{name}")


@pytest.mark.usefixtures("passwords")
def test_what_was_answered_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "target.toml"
    file.write_text(target_file(WHOLE), encoding="utf-8")
    target = load_target(file)

    assert (target.url, target.name) == ("ws://127.0.0.1:{port}/chat/stream/", 'my "server"')
    assert target.login == Login("django-form", "/in/", "/accounts/logout/", "sessionid")
    assert target.accounts == (
        Account("alice", "pass-of-alice"),
        Account("bob", "pass-of-bob"),
        Account("dave", "pass-of-dave", staff=True),
    )
    assert target.rooms == (Room("1"), Room("2"), Room("3", staff_only=True))
    assert target.start == Start(("./serve", "--port", "{port}"), "connect", 30)
    offers = tuple(sorted(set(HOOKS) - {"stop", "start"}))
    assert target.hooks == Hooks("http://127.0.0.1:9000/hooks/", offers)


def test_no_password_is_in_the_file() -> None:
    document = tomllib.loads(target_file(WHOLE))

    assert [set(account) for account in document["accounts"]] == [
        {"username", "password_env"},
        {"username", "password_env"},
        {"username", "password_env", "staff"},
    ]


def test_as_little_as_can_be_answered(tmp_path: Path) -> None:
    file = tmp_path / "target.toml"
    file.write_text(target_file(Answers(url=URL)))
    target = load_target(file)

    assert target.name == "127.0.0.1"
    assert (target.accounts, target.rooms, target.start, target.hooks) == ((), (), None, Hooks())


@pytest.mark.parametrize("recipe", ["header", "cookie"])
def test_the_other_recipes_have_their_own_variables(recipe: str) -> None:
    answers = Answers(url=URL, recipe=recipe, accounts=("a.b",))  # type: ignore[arg-type]  # two of four
    (account,) = tomllib.loads(target_file(answers))["accounts"]

    assert account == {"username": "a.b", f"{recipe}_env": f"MULTICHAT_{recipe.upper()}_A_B"}


def test_without_a_login_there_are_no_accounts() -> None:
    document = tomllib.loads(target_file(Answers(url=URL, recipe="none", accounts=("alice",))))

    assert "accounts" not in document


def test_each_thing_that_was_not_answered_is_taught_in_a_comment() -> None:
    """Taking the comment marks away gives lines of a target file, too."""
    text = target_file(Answers(url=URL))

    for part in ("# deviations =", "# groups =", "# [start]", "# [limits]", "# [hooks]"):
        assert part in text
    for line in text.splitlines():
        if line.startswith("# ") and " = " in line and not line.endswith((".", ",")):
            tomllib.loads(line.removeprefix("# "))


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "a\x7fb", "a\x00b", "ünï ✓", "]]\n[hooks"])
def test_an_answer_cannot_break_out_of_its_place(name: str) -> None:
    answers = Answers(url=URL, name=name, accounts=(name,), start=(name,))
    document = tomllib.loads(target_file(answers))

    assert document["name"] == name
    assert document["accounts"][0]["username"] == name
    assert document["start"]["command"] == [name]
    assert "hooks" not in document


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (Answers(url="http://x/"), "does not begin with ws:// or wss://"),
        (Answers(url=URL, rooms=("01",)), "rooms.0.id"),
        (Answers(url=URL, accounts=("",)), "accounts.0.username"),
    ],
)
def test_an_answer_that_fits_no_target_file(answers: Answers, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        target_file(answers)


def test_variables_are_made_of_names() -> None:
    assert variable_of("alice") == "MULTICHAT_PASSWORD_ALICE"
    assert variable_of("Anne-Marie é", "cookie") == "MULTICHAT_COOKIE_ANNE_MARIE__"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (Answers(url=URL, rooms=("1", "1")), "the room 1 is given twice"),
        (Answers(url=URL, rooms=("1",), staff_rooms=("1",)), "the room 1 is given twice"),
        (Answers(url=URL, accounts=("a",), staff=("a",)), "the account a is given twice"),
        (
            Answers(url=URL, accounts=("a.b", "a_b")),
            "the variable MULTICHAT_PASSWORD_A_B would hold two accounts' secrets",
        ),
    ],
)
def test_nothing_is_written_that_cannot_be_read(answers: Answers, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        target_file(answers)


def test_as_many_rooms_are_asked_for_as_any_check_needs() -> None:
    assert max(check.needs.rooms for check in catalogue()) == NEEDED_ROOMS


def test_the_file_says_that_core_takes_hooks() -> None:
    assert any(check.needs.hooks for check in catalogue() if check.profile == "core")
    assert "so core stays incomplete" in target_file(Answers(url=URL))
