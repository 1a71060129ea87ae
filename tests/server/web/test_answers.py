"""What every answer has in common: headers, and pages for what goes wrong."""

import re
from collections.abc import Awaitable, Callable

import httpx2
import pytest
from starlette.types import Message

from multichat_proto.exceptions import StoreUnavailable
from multichat_server.web import create_app

from .conftest import LOGIN, LOGOUT, Browser, Page, Site

OUR_SCRIPT = re.compile(r'<script type="module" src="/static/[a-z_/]+\.js"></script>')


async def away(*_: object, **__: object) -> None:
    raise StoreUnavailable("the database does not answer: it is away")


async def broken(*_: object, **__: object) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    "path", ["/", LOGIN, LOGOUT, "/accounts/login", "/nope", "/static/style.css"]
)
async def test_a_browser_is_told_to_allow_nothing_needless(browser: Browser, path: str) -> None:
    headers = (await browser.get(path)).headers

    policy = dict(
        directive.strip().split(" ", 1)
        for directive in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "form-action")} == {"'self'"}
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["trusted-types"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "server" not in headers


async def test_pages_are_stored_nowhere_and_static_files_are_asked_after(
    browser: Browser,
) -> None:
    assert (await browser.get(LOGIN)).headers["cache-control"] == "no-store"

    style = await browser.get("/static/style.css")
    assert style.headers["cache-control"] == "no-cache"
    assert style.headers["content-type"].startswith("text/css")
    again = await browser.get("/static/style.css", if_none_match=style.headers["etag"])
    assert again.status_code == 304


async def test_pages_stay_within_their_own_policy(browser: Browser) -> None:
    """No inline script or style, and nothing from elsewhere: it would not run."""
    await browser.log_in()
    for path in ("/", LOGIN, "/nope"):
        page = Page((await browser.get(path)).text)

        scripts = re.findall(r"<script.*?</script>", page.text, re.DOTALL)
        assert len(scripts) == page.tags.count("script")
        assert all(OUR_SCRIPT.fullmatch(script) for script in scripts)
        assert "style" not in page.tags
        assert 'style="' not in page.text
        assert "http" not in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/accounts/",
        "/chat/",
        "/%D0%A2/",
        "/<script>",
        "/static",
        "/static/",
        "/static/nope.js",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2f%2e%2e%2fconfig.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/" + "x" * 5000,
        "/static/style.css/x",
    ],
)
async def test_what_is_not_there_is_not_there(browser: Browser, path: str) -> None:
    """H08c, H12c, H14, H15."""
    response = await browser.client.get(f"http://chat.example{path}")

    assert response.status_code == 404
    assert "There is nothing at this address." in response.text
    assert "script" not in response.text


async def test_a_post_to_nowhere_is_404_too(browser: Browser) -> None:
    """H08d: there is no page whose token could be missing."""
    assert (await browser.post("/nope", {})).status_code == 404


async def test_static_files_cannot_be_posted_to(browser: Browser) -> None:
    assert (await browser.post("/static/style.css", {})).status_code == 405


@pytest.mark.parametrize(
    ("method", "visit"),
    [
        ("session_user", lambda b: b.get("/")),
        ("rooms", lambda b: b.get("/")),
        ("end_session", lambda b: b.get(LOGOUT)),
        ("check_password", lambda b: b.log_in()),
        ("start_session", lambda b: b.log_in()),
    ],
)
async def test_without_its_database_it_says_that_trying_again_is_safe(
    browser: Browser,
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    visit: Callable[[Browser], Awaitable[httpx2.Response]],
) -> None:
    await browser.log_in()
    monkeypatch.setattr(site.store, method, away)

    if method == "check_password":
        token = browser.token
        response = await browser.post(
            LOGIN, {"username": "a", "password": "b", "csrfmiddlewaretoken": token}
        )
    else:
        response = await visit(browser)

    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "it is away" not in response.text
    assert browser.session is not None


async def test_a_page_that_fails_becomes_a_500_that_tells_nothing(
    browser: Browser,
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """And the exception goes on to whoever logs it."""
    await browser.log_in()
    monkeypatch.setattr(site.store, "rooms", broken)

    response = await browser.get("/")

    assert response.status_code == 500
    assert "ZeroDivision" not in response.text
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert response.headers["cache-control"] == "no-store"
    assert "ZeroDivisionError" in caplog.text


async def test_another_server_may_start_and_stop_the_application(site: Site) -> None:
    """By ASGI's lifespan, of which ours makes no use."""
    app = create_app(site.base)
    said: list[str] = []
    asked = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Message:
        return {"type": next(asked)}

    async def send(message: Message) -> None:
        said.append(message["type"])

    await app({"type": "lifespan", "app": app}, receive, send)

    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
