"""How the accounts pages look with data and with errors; nothing sticks out, all can be read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from multichat_server.storage import Client, Store

from .conftest import Server, check_accessibility, log_in, shot

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAME = "wolfeschlegelsteinhausenbergerdorff.johanna@example.org"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
BURST = 2


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"), ("--login-burst", str(BURST)))
    running.start()
    running.change(fill)
    yield running
    running.stop()


async def fill(store: Store) -> None:
    for name in ("alice", NAME):
        user = await store.add_user(name, f"password of {name}")
        await store.start_session(user.id, lifetime=90_000, client=Client("192.0.2.7", CHROME))
        await store.start_session(
            user.id, lifetime=90_000, client=Client("2001:db8::1:2:3:4", "LongName" * 20)
        )
        await store.start_session(user.id, lifetime=90_000)
        for token, days in (("weather bot", 30), ("W" * 100, None), ("بوت الطقس", -1)):
            lifetime = None if days is None else days * 86_400
            _, secret = await store.tokens.add(user.id, token, lifetime=lifetime, most=9)
        await store.credentials_seen([f"Bearer {secret}"])


SCREENS: dict[str, dict[str, Any]] = {
    "desktop-light": {"viewport": {"width": 1200, "height": 800}},
    "desktop-dark": {"viewport": {"width": 1200, "height": 800}, "color_scheme": "dark"},
    "phone-light": {"viewport": {"width": 360, "height": 740}, "has_touch": True},
    "phone-dark": {
        "viewport": {"width": 360, "height": 740},
        "has_touch": True,
        "color_scheme": "dark",
    },
}


@pytest.fixture(params=SCREENS)
def screen(
    request: pytest.FixtureRequest, browser: Browser, server: Server
) -> Iterator[tuple[str, BrowserContext]]:
    """A browser for people with this screen, and what to call its pictures."""
    context = browser.new_context(
        base_url=server.url, locale="en-GB", bypass_csp=True, **SCREENS[request.param]
    )
    yield request.param, context
    context.close()


def send(page: Page, button: str, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"[name={name}]").last.fill(value)
    # What the browser would not send by itself is what errors are for.
    page.locator("form").evaluate_all("forms => forms.forEach(form => { form.noValidate = true })")
    page.get_by_role("button", name=button).click()


def login_errors(page: Page) -> None:
    send(page, "Log in", username="alice", password="wrong")


def login_required_fields(page: Page) -> None:
    send(page, "Log in", username="", password="")


def login_limit(page: Page) -> None:
    name = f"somebody{time.monotonic_ns()}"
    for _ in range(BURST + 1):
        send(page, "Log in", username=name, password="wrong")


def password_errors(page: Page) -> None:
    send(page, "Change the password", old_password="x", new_password1="short")


def password_wrong(page: Page) -> None:
    new = "a horse and a staple"
    send(page, "Change the password", old_password="x", new_password1=new, new_password2=new)


def token_errors(page: Page) -> None:
    send(page, "Make the token", name="weather bot", days="5000")


def token_made(page: Page) -> None:
    send(page, "Make the token", name=f"bot {time.monotonic_ns()}", days="30")
    page.locator(".secret-text").wait_for()


def session_gone(page: Page) -> None:
    page.goto("/accounts/sessions/?notice=session-gone")


def menu(page: Page) -> None:
    page.locator("summary").first.click()


def nothing(page: Page) -> None:
    """As it comes."""


@pytest.mark.parametrize(
    ("path", "then"),
    [
        ("/accounts/login/", nothing),
        ("/accounts/login/", login_errors),
        ("/accounts/login/", login_required_fields),
        ("/accounts/login/", login_limit),
        ("/accounts/password_change/", nothing),
        ("/accounts/password_change/", password_errors),
        ("/accounts/password_change/", password_wrong),
        ("/accounts/sessions/", nothing),
        ("/accounts/sessions/", session_gone),
        ("/accounts/sessions/", menu),
        ("/accounts/tokens/", nothing),
        ("/accounts/tokens/", token_errors),
        ("/accounts/tokens/", token_made),
    ],
    ids=lambda value: value.split("/")[2] if isinstance(value, str) else value.__name__,
)
def test_it_looks_good(
    screen: tuple[str, BrowserContext], path: str, then: Callable[[Page], None]
) -> None:
    where, context = screen
    name = NAME if then is menu else "alice"
    page = context.new_page()
    page.goto("/accounts/login/")
    if path != "/accounts/login/":
        log_in(page, name)
    page.goto(path)

    then(page)

    shot(page, f"accounts-{path.split('/')[2]}-{then.__name__}-{where}", whole=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, input:not([type=hidden]):not([hidden])")]
            .filter((each) => each.type !== "checkbox" && each.getClientRects().length)
            .filter((each) => each.getBoundingClientRect().height < 43.5)
            .map((each) => each.outerHTML)"""
    )
    assert small == []
    check_accessibility(page)
