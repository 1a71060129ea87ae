"""The admin is for staff, its forms are its own, and what is not there is said to be not there."""

import pytest
from starlette.routing import Route

from multichat_server.web import admin as admin_pages
from tests.server.web.conftest import Browser, Site

from .conftest import ROOMS, USERS, Admin

READ_ONLY = ["/admin/", ROOMS, USERS, "/admin/audit/"]
FORMS = [
    f"{ROOMS}add/",
    f"{ROOMS}1/change/",
    f"{ROOMS}1/delete/",
    f"{ROOMS}1/members/",
    f"{ROOMS}1/announce/",
    f"{USERS}add/",
    f"{USERS}1/change/",
    f"{USERS}1/delete/",
    f"{USERS}1/password/",
    f"{USERS}1/sessions/",
]
PAGES = READ_ONLY + FORMS


async def test_these_are_all_pages(site: Site) -> None:
    """So that a page that is added is tested here too."""
    paths = {
        route.path.replace("{room_id}", "1").replace("{user_id}", "1")
        for route in admin_pages.routes(site.base)
        if isinstance(route, Route)
    }

    assert paths == {*PAGES, "/admin/login/"}


@pytest.mark.parametrize("path", PAGES)
async def test_without_a_login_one_is_asked_for(browser: Browser, path: str) -> None:
    """H09."""
    response = await browser.get(path)

    assert response.status_code == 302
    assert response.headers["location"] == f"/accounts/login/?next={path}"


@pytest.mark.parametrize("path", PAGES)
async def test_others_are_refused(browser: Browser, site: Site, path: str) -> None:
    await browser.log_in()
    data = {"csrfmiddlewaretoken": browser.token, "title": "x", "tokens": "on", "connection": "1"}

    assert (await browser.get(path)).status_code == 403
    assert (await browser.post(path, data)).status_code in (403, 405)
    assert await site.store.audit.recent() == []


@pytest.mark.parametrize("path", PAGES)
async def test_staff_see_it(admin: Admin, path: str) -> None:
    answer = await admin.get(path)

    assert answer.status == 200
    assert "<h1" in answer.html


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_of_another_site_does_nothing(admin: Admin, path: str) -> None:
    data = {"title": "x", "username": "x", "password": "x", "msg_type": "1", "message": "x"}
    token = {"csrfmiddlewaretoken": admin.browser.token}

    assert (await admin.browser.post(path, data)).status_code == 403
    assert (
        await admin.browser.post(path, data | token, origin="http://evil.example")
    ).status_code == 403
    assert await admin.log() == []
    assert admin.site.chat.announced == []


@pytest.mark.parametrize("path", READ_ONLY)
async def test_where_nothing_can_be_done_nothing_is(admin: Admin, path: str) -> None:
    assert (await admin.post(path)).status == 405


@pytest.mark.parametrize("path", [path.replace("/1/", "/99/") for path in FORMS if "/1/" in path])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_vanished_is_said_to_have(admin: Admin, path: str, method: str) -> None:
    fields = {"title": "x", "username": "x", "password": "x", "msg_type": "1", "message": "x"}

    answer = await (admin.get(path) if method == "GET" else admin.post(path, **fields))

    kind = "room" if path.startswith(ROOMS) else "user"
    assert answer.status == 404
    assert f"There is no such {kind}" in answer.text
    assert (ROOMS if kind == "room" else USERS) in answer.page.links
    assert await admin.log() == []


@pytest.mark.parametrize("number", ["0", "01", "-1", "x", "9" * 30, "%D9%A1"])
@pytest.mark.parametrize("path", [f"{ROOMS}%s/change/", f"{USERS}%s/change/"], ids=["room", "user"])
async def test_ids_that_are_none_name_no_page(admin: Admin, path: str, number: str) -> None:
    assert (await admin.get(path % number)).status == 404


async def test_who_is_no_staff_any_more_is_out(admin: Admin) -> None:
    await admin.site.store.add_user("carol", "pw", is_staff=True)
    await admin.site.store.change_user("admin", is_staff=False)

    answer = await admin.post(f"{ROOMS}1/delete/")

    assert answer.status == 403
    assert len(await admin.site.store.rooms()) == 3


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ("", "%2Fadmin%2F"),
        ("?next=/admin/audit/", "%2Fadmin%2Faudit%2F"),
        ("?next=//evil.example/", "%2F"),
        ("?next=https://evil.example/", "%2F"),
        ("?next=/%5Cevil.example", "%2F"),
    ],
    ids=["none", "local", "host", "url", "backslash"],
)
async def test_the_originals_login_leads_to_the_only_one(
    browser: Browser, query: str, target: str
) -> None:
    """H09c; and nowhere else (open redirects)."""
    response = await browser.get(f"/admin/login/{query}")

    assert response.status_code == 302
    assert response.headers["location"] == f"/accounts/login/?next={target}"


async def test_where_one_is_is_marked(admin: Admin) -> None:
    assert '<a href="/admin/" aria-current="page">Overview' in (await admin.get("/admin/")).html
    answer = await admin.get(f"{ROOMS}1/members/")
    assert f'<a href="{ROOMS}" aria-current="true">Rooms' in answer.html
    assert f'<a href="{ROOMS}1/members/" aria-current="page">Members' in answer.html
    assert '<a href="/admin/">Overview' in answer.html
