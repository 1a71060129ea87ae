"""Who may see a page, and where the others are sent."""

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from multichat_server.web import create_app
from multichat_server.web.guards import login_required, staff_only
from multichat_server.web.page import Page, Visit

from .conftest import Browser, FrontTransport, Site


@login_required
async def members_page(visit: Visit) -> Response:
    return PlainTextResponse(visit.known_user.username)


@staff_only
async def staff_page(visit: Visit) -> Response:
    actor = visit.actor
    return PlainTextResponse(f"{actor.user_id} {actor.name}")


async def open_page(visit: Visit) -> Response:
    return PlainTextResponse(visit.known_user.username)


async def numbered(visit: Visit) -> Response:
    return PlainTextResponse(f"{visit.path_id('number')} {visit.query_number('page', 1)}")


async def deleted(visit: Visit) -> Response:
    room = await visit.site.store.room(99)
    return PlainTextResponse(room.title)


def with_pages(site: Site) -> Starlette:
    """Return the site's own pages, with some more."""
    app = create_app(site.base)
    for path, show in (
        ("/members", members_page),
        ("/staff é", staff_page),
        ("/open", open_page),
        ("/deleted", deleted),
        ("/numbered/{number}/", numbered),
    ):
        app.router.routes.insert(0, Route(path, Page(site.base, show)))
    return app


@pytest.fixture
def browser(site: Site) -> Browser:
    transport = FrontTransport(with_pages(site), site.settings)
    return Browser(httpx2.AsyncClient(transport=transport, base_url="http://chat.example"))


@pytest.mark.parametrize(
    ("path", "login"),
    [
        ("/members", "/accounts/login/?next=/members"),
        ("/members?a=1&b=%2F", "/accounts/login/?next=/members%3Fa%3D1%26b%3D%252F"),
        ("/staff%20%C3%A9", "/accounts/login/?next=/staff%2520%25C3%25A9"),
    ],
    ids=["path", "query", "quoted"],
)
async def test_one_logs_in_and_comes_back(browser: Browser, path: str, login: str) -> None:
    response = await browser.get(path)
    assert (response.status_code, response.headers["location"]) == (302, login)

    response = await browser.log_in("admin", "secret", path=login)
    assert response.headers["location"] == path
    response = await browser.get(path)
    assert response.status_code == 200


async def test_what_was_posted_without_a_login_is_not_done(browser: Browser) -> None:
    await browser.get("/accounts/login/")

    response = await browser.post("/members?x=1", {"csrfmiddlewaretoken": browser.token})

    location = response.headers["location"]
    assert (response.status_code, location) == (302, "/accounts/login/?next=/members")


async def test_staff_see_what_is_for_staff(browser: Browser) -> None:
    await browser.log_in("admin", "secret")

    assert (await browser.get("/staff é")).text == "2 admin"


async def test_others_are_told_that_they_are_not_staff(browser: Browser, site: Site) -> None:
    await browser.log_in()

    response = await browser.get("/staff é")

    assert response.status_code == 403
    assert "For staff only" in response.text
    assert "alice" in response.text
    await site.store.change_user("alice", is_staff=True)
    assert (await browser.get("/staff é")).status_code == 200
    await site.store.change_user("alice", is_staff=False)
    assert (await browser.get("/staff é")).status_code == 403


async def test_a_page_without_a_guard_has_nobody_to_rely_on(browser: Browser) -> None:
    """A guard that was forgotten is a refusal, and no failure."""
    assert (await browser.get("/open")).status_code == 403


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/numbered/1/", "1 1"),
        ("/numbered/9223372036854775807/?page=7", "9223372036854775807 7"),
        ("/numbered/2/?page=0", "2 1"),
        ("/numbered/2/?page=-1", "2 1"),
        ("/numbered/2/?page=x", "2 1"),
        ("/numbered/2/?page=" + "9" * 5000, "2 1"),
    ],
    ids=["one", "highest", "zero", "negative", "word", "huge"],
)
async def test_numbers_are_read(browser: Browser, path: str, text: str) -> None:
    assert (await browser.get(path)).text == text


@pytest.mark.parametrize(
    "number",
    ["0", "01", "-1", "1.0", "x", "9223372036854775808", "9" * 5000, "%D9%A1", "%20", "+1"],
    ids=lambda text: text[:20],
)
async def test_ids_that_are_none_name_no_page(browser: Browser, number: str) -> None:
    assert (await browser.get(f"/numbered/{number}/")).status_code == 404


async def test_what_was_deleted_meanwhile_is_not_there(browser: Browser) -> None:
    response = await browser.get("/deleted")

    assert response.status_code == 404
    assert "There is nothing at this address." in response.text
