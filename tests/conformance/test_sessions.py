"""Sessions: what names one is known, can be altered, and is kept out of every text."""

import pytest

from multichat_conformance.findings import NotTested
from multichat_conformance.secrets import MASK, Redactor
from multichat_conformance.target import Account, Login, Target
from multichat_conformance.target.login import Session, Sessions

COOKIE = {"Cookie": "csrftoken=abcd1234; sessionid=k3y:of+alice"}
HEADER = {"Authorization": "Bearer t0ken-of-alice"}


async def session_of(recipe: str, headers: dict[str, str], redactor: Redactor) -> Session:
    login = Login(recipe=recipe)  # type: ignore[arg-type]  # one of the recipes
    target = Target(url="ws://localhost/", login=login)
    sessions = Sessions(target, redactor, patience=1)
    return await sessions.of(Account("alice", headers=headers))


@pytest.mark.parametrize(
    ("recipe", "headers", "key"),
    [("cookie", COOKIE, "k3y:of+alice"), ("header", HEADER, "t0ken-of-alice"), ("none", {}, "")],
)
async def test_the_key_is_what_names_the_session(
    recipe: str, headers: dict[str, str], key: str
) -> None:
    session = await session_of(recipe, headers, Redactor())

    assert session.key == key


async def test_a_key_alone_is_a_secret_too() -> None:
    redactor = Redactor()
    await session_of("cookie", COOKIE, redactor)

    assert redactor.clean("/?session_key=k3y%3Aof%2Balice k3y:of+alice") == (
        f"/?session_key={MASK} {MASK}"
    )


def test_an_altered_session_differs_in_its_key_alone() -> None:
    session = Session(COOKIE, "k3y:of+alice")

    altered = session.altered("nobodys")

    assert altered.key == "nobodys"
    assert altered.headers == {"Cookie": "csrftoken=abcd1234; sessionid=nobodys"}
    assert session.headers == COOKIE


def test_what_has_no_key_cannot_be_altered() -> None:
    with pytest.raises(NotTested, match="needs a session"):
        Session().altered("nobodys")
