"""Accounts log in by each recipe, and what goes wrong is said with what to look at."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from urllib.parse import parse_qs

import pytest
import trio

from multichat_conformance.findings import NotTested
from multichat_conformance.secrets import MASK, Redactor
from multichat_conformance.target import Account, Login, Target
from multichat_conformance.target.login import LoginFailed, Session, Sessions
from tests.conformance.small_server import Running, small_server
from tests.conformance.web_server import Asked, page, web_server

ALICE = Account("alice", "pass-word")
FORM = (
    '<input type=hidden name="csrfmiddlewaretoken" value="form-token">'
    '<input type="hidden" name="next" value="/chat/"><input type="text" name="x" value="no">'
    '<input type="password" name="password">'
)
SHOWN = page(200, FORM, "Set-Cookie: csrftoken=cookie-token; Path=/")
WELCOME = page(302, "", "Set-Cookie: sessionid=key-of-alice; HttpOnly", "Location: /")


def sessions(target: Target, *, patience: float = 5.0) -> tuple[Sessions, Redactor]:
    redactor = Redactor()
    return Sessions(target, redactor, patience=patience), redactor


def at(address: str, *accounts: Account, login: Login | None = None) -> Target:
    return Target(
        url=f"ws://{address}/chat/stream/", accounts=accounts or (ALICE,), login=login or Login()
    )


def form(then: bytes | None, *, shown: bytes | None = SHOWN) -> Callable[[Asked], bytes | None]:
    """Show a form, and answer what is sent with it."""
    return lambda asked: shown if asked.method == "GET" else then


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with small_server() as started:
        yield started


async def test_a_form_like_djangos_is_filled_in() -> None:
    """The hidden fields go back, with the cookies, the origin and the referer that CSRF wants."""
    async with web_server(form(WELCOME)) as server:
        logs_in, _ = sessions(at(server.address))
        session = await logs_in.of(ALICE)

    shown, sent = server.asked
    assert (shown.method, shown.path) == ("GET", "/accounts/login/")
    assert parse_qs(sent.body) == {
        "csrfmiddlewaretoken": ["form-token"],
        "next": ["/chat/"],
        "username": ["alice"],
        "password": ["pass-word"],
    }
    assert sent.headers["cookie"] == "csrftoken=cookie-token"
    assert sent.headers["origin"] == f"http://{server.address}"
    assert sent.headers["referer"] == f"http://{server.address}/accounts/login/"
    assert session == Session(
        {"Cookie": "csrftoken=cookie-token; sessionid=key-of-alice"}, "key-of-alice"
    )
    assert "key-of-alice" not in repr(session)


async def test_all_that_is_secret_in_a_login_is_hidden() -> None:
    async with web_server(form(WELCOME)) as server:
        logs_in, redactor = sessions(at(server.address))
        await logs_in.of(ALICE)

    for secret in ("pass-word", "form-token", "cookie-token", "key-of-alice"):
        assert redactor.clean(secret) == MASK
    assert redactor.clean("GET /chat/ as alice") == "GET /chat/ as alice"


async def test_a_session_is_had_once_a_run(running: Running) -> None:
    logs_in, _ = sessions(running.target)
    alice, bob, *_ = running.target.accounts
    first = await logs_in.of(alice)

    assert await logs_in.of(alice) is first
    assert (await logs_in.fresh(alice)).key != first.key
    assert (await logs_in.of(bob)).key != first.key
    logs_in.forget("alice")
    assert (await logs_in.of(alice)).key != first.key


async def test_forgetting_everybody(running: Running) -> None:
    logs_in, _ = sessions(running.target)
    alice = running.target.accounts[0]
    first = await logs_in.of(alice)
    logs_in.forget()

    assert (await logs_in.of(alice)).key != first.key


async def test_logging_out_ends_the_session(running: Running) -> None:
    logs_in, _ = sessions(running.target)
    session = await logs_in.fresh(running.target.accounts[0])
    assert running.server.store.session(session.key) is not None

    await logs_in.log_out(session)

    assert running.server.store.session(session.key) is None


async def test_logging_out_by_get_where_post_is_refused() -> None:
    async with web_server(lambda asked: page(405 if asked.method == "POST" else 302)) as server:
        logs_in, _ = sessions(at(server.address))
        await logs_in.log_out(Session({"Cookie": "csrftoken=t"}))

    assert [asked.method for asked in server.asked] == ["POST", "GET"]
    assert server.asked[0].body == "csrfmiddlewaretoken=t"


async def test_a_logout_that_is_none() -> None:
    async with web_server(lambda _: page(500)) as server:
        logs_in, _ = sessions(at(server.address))
        with pytest.raises(NotTested, match=r"answers 500: check login\.logout_path"):
            await logs_in.log_out(Session())


async def test_a_wrong_password(running: Running) -> None:
    """The form comes again; that a session came with the first one changes nothing."""
    logs_in, _ = sessions(running.target)
    with pytest.raises(LoginFailed, match="check the account's password"):
        await logs_in.of(replace(running.target.accounts[0], password="wrong"))


async def test_a_session_for_nobody_is_no_login() -> None:
    shown = page(200, FORM, "Set-Cookie: sessionid=anonymous")
    async with web_server(form(shown=shown, then=page(200, FORM))) as server:
        logs_in, _ = sessions(at(server.address))
        with pytest.raises(LoginFailed, match="alice cannot log in"):
            await logs_in.of(ALICE)


async def test_a_session_that_is_kept_over_the_login() -> None:
    """Some servers give a session with the form and fill it."""
    shown = page(200, FORM, "Set-Cookie: sessionid=kept-key")
    async with web_server(form(shown=shown, then=page(302, "", "Location: /"))) as server:
        logs_in, _ = sessions(at(server.address))

        assert (await logs_in.of(ALICE)).key == "kept-key"


@pytest.mark.parametrize(
    ("shown", "then", "said"),
    [
        (page(404), None, "answers 404, not a login form: check login.path"),
        (page(302, "", "Location: /sso/"), None, "answers 302, not a login form"),
        (
            page(200, '{"login": "POST JSON here"}'),
            page(400),
            "shows no form with a field 'password'",
        ),
        (SHOWN, page(403), "refuses the form itself, so check its CSRF token"),
        (SHOWN, page(500), "look into the server's log"),
        (SHOWN, page(302, "", "Set-Cookie: sid=1"), "sets no cookie 'sessionid'"),
        (SHOWN, page(302, "", "Set-Cookie: sessionid=; Max-Age=0"), "sets no cookie"),
        (SHOWN, page(302, "", "Set-Cookie: a\x01=b=c;;;=\xff"), "sets no cookie"),
        (b"what is this?\r\n", None, "failed"),
        (b"", None, "failed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", None, "failed"),
    ],
)
async def test_a_login_that_fails_says_what_to_look_at(
    shown: bytes, then: bytes | None, said: str
) -> None:
    async with web_server(form(then, shown=shown)) as server:
        logs_in, _ = sessions(at(server.address))
        with pytest.raises(LoginFailed) as caught:
            await logs_in.of(ALICE)

    assert said in str(caught.value)
    assert "pass-word" not in str(caught.value)


async def test_a_hostile_page_is_read_as_far_as_it_goes() -> None:
    shown = page(200, FORM + "<![foo[" + "<" * 10_000, "Set-Cookie: csrftoken=t")
    async with web_server(form(WELCOME, shown=shown)) as server:
        logs_in, _ = sessions(at(server.address))

        assert (await logs_in.of(ALICE)).key == "key-of-alice"


async def test_a_server_that_never_answers_is_not_waited_for() -> None:
    async with web_server(lambda _: None) as server:
        logs_in, _ = sessions(at(server.address), patience=0.05)
        with pytest.raises(LoginFailed, match="timed out"):
            await logs_in.of(ALICE)


async def test_nobody_is_there() -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    await listeners[0].aclose()
    logs_in, _ = sessions(at(f"127.0.0.1:{port}"))

    with pytest.raises(LoginFailed, match="Connection refused"):
        await logs_in.of(ALICE)


async def test_a_redirect_is_not_followed_with_the_password() -> None:
    """To whom it leads is not for the target to say."""
    async with web_server(form(page(307, "", "Location: http://127.0.0.1:1/"))) as server:
        logs_in, _ = sessions(at(server.address))
        with pytest.raises(LoginFailed, match="answers 307"):
            await logs_in.of(ALICE)

    assert len(server.asked) == 2


async def test_the_other_recipes() -> None:
    token = Account("alice", headers={"Authorization": "Bearer token-of-alice"})
    cookie = Account("bob", headers={"Cookie": "theme=dark; sid=key-of-bob"})
    target = at("x", token, cookie, login=Login("header", session_cookie="sid"))
    logs_in, redactor = sessions(target)

    assert (await logs_in.of(token)).headers == {"Authorization": "Bearer token-of-alice"}
    assert (await logs_in.of(cookie)).key == "key-of-bob"
    assert redactor.clean("token-of-alice key-of-bob") == f"{MASK} {MASK}"

    nobody, _ = sessions(at("x", ALICE, login=Login("none")))
    assert await nobody.of(ALICE) == Session()


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ("header", "has no header in the target file: add header or header_env"),
        ("cookie", "has no cookie in the target file: add cookie or cookie_env"),
        ("django-form", "has no password in the target file: add password or password_env"),
    ],
)
async def test_an_account_that_lacks_what_its_recipe_needs(recipe: str, said: str) -> None:
    account = Account("alice")
    login = replace(Login(), recipe=recipe)  # type: ignore[arg-type]  # one of the table above
    logs_in, _ = sessions(at("x", account, login=login))

    with pytest.raises(LoginFailed, match=said):
        await logs_in.of(account)


async def test_a_target_that_was_started_anew_is_asked_where_it_is_now() -> None:
    async with web_server(form(WELCOME)) as server:
        logs_in, _ = sessions(at("127.0.0.1:1"))
        logs_in.reach(at(server.address))

        assert (await logs_in.of(ALICE)).key == "key-of-alice"
