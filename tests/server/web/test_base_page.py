"""What all pages have in common: who is visiting, notices, and the parts of forms."""

from html.parser import HTMLParser

import pytest
from starlette.datastructures import FormData
from starlette.requests import Request

from multichat_server.storage import Found, RoomRecord, User
from multichat_server.web import notices
from multichat_server.web.answers import page, redirect
from multichat_server.web.page import Visit
from multichat_server.web.rendering import _ENVIRONMENT, time_element

from .conftest import Browser, Page, Site

HOSTILE = "<script>alert(1)</script>\"'&"


@pytest.fixture(scope="module", autouse=True)
def _notices() -> None:
    notices.register({"test-done": "It was <done>."})


async def home(browser: Browser, query: str = "") -> str:
    return (await browser.get("/" + query)).text


async def test_staff_are_led_to_the_admin_and_others_are_not(site: Site, browser: Browser) -> None:
    await browser.log_in()
    other = site.browser()
    await other.log_in("admin", "secret")

    assert "/admin/" not in Page(await home(browser)).links
    assert "/admin/" in Page(await home(other)).links


async def test_a_page_says_where_one_is(browser: Browser) -> None:
    await browser.log_in()

    text = await home(browser)

    assert '<a href="/" aria-current="page">' in text
    assert text.count("aria-current") == 1


async def test_whoever_is_not_logged_in_is_led_nowhere(browser: Browser) -> None:
    links = Page((await browser.get("/accounts/login/")).text).links

    assert links == ["#main", "/"]


async def test_one_can_skip_to_the_content(browser: Browser) -> None:
    text = (await browser.get("/accounts/login/")).text

    assert text.index('href="#main"') < text.index("<header")
    assert '<main id="main" tabindex="-1"' in text


async def test_a_notice_is_said(browser: Browser) -> None:
    await browser.log_in()

    text = await home(browser, "?notice=test-done")

    assert '<p class="notice" role="status">It was &lt;done&gt;.</p>' in text


@pytest.mark.parametrize(
    "code", ["", "unknown", HOSTILE, "%00"], ids=["none", "other", "xss", "nul"]
)
async def test_a_link_can_make_a_page_say_nothing_else(browser: Browser, code: str) -> None:
    await browser.log_in()

    response = await browser.client.get("/", params={"notice": code})

    assert 'class="notice"' not in response.text
    assert "alert" not in response.text


@pytest.mark.parametrize(
    ("origin", "is_said"),
    [("same-origin", True), ("none", True), ("same-site", False), ("cross-site", False)],
)
async def test_a_link_on_another_site_makes_nothing_be_said(
    browser: Browser, origin: str, is_said: bool
) -> None:
    """Such as "You are logged out everywhere": nothing has happened."""
    response = await browser.get("/accounts/login/?notice=test-done", sec_fetch_site=origin)

    assert ("It was &lt;done&gt;." in response.text) is is_said


def test_a_notice_has_one_meaning() -> None:
    notices.register({"test-done": "It was <done>."})

    with pytest.raises(ValueError, match="already"):
        notices.register({"test-done": "Something else."})


def test_a_redirect_carries_a_notice() -> None:
    response = redirect("/", notice="test-done")

    assert (response.status_code, response.headers["location"]) == (303, "/?notice=test-done")
    assert redirect("/x/").headers["location"] == "/x/"
    with pytest.raises(ValueError, match="no notice"):
        redirect("/", notice="test-dnoe")


def visit(site: Site, cookie: str = "") -> Visit:
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [(b"cookie", cookie.encode())],
        "client": None,
    }
    user = User(1, HOSTILE, is_staff=False, is_active=True)
    return Visit(site.base, Request(scope), FormData(), session_key=None, user=user)


async def test_a_browser_without_a_token_gets_one(site: Site) -> None:
    response = page(visit(site), "not_staff.html")

    assert response.headers["set-cookie"].startswith("csrftoken=")
    kept = page(visit(site, f"csrftoken={'x' * 64}"), "not_staff.html")
    assert "set-cookie" not in kept.headers


async def test_names_are_text(site: Site) -> None:
    body = bytes(page(visit(site), "not_staff.html").body).decode()

    assert HOSTILE not in body
    assert "&lt;script&gt;" in body


async def test_without_an_address_there_is_none(site: Site) -> None:
    assert visit(site).address == ""
    assert visit(site).client.user_agent == ""


def test_times_are_for_people_and_programs() -> None:
    element = str(time_element(1_700_000_000))

    assert element == '<time datetime="2023-11-14T22:13:20Z">2023-11-14 22:13 UTC</time>'
    assert str(time_element(None)) == str(time_element(0)) == "never"
    assert str(time_element(None, HOSTILE)).startswith("&lt;script&gt;")


PARTS = "csrf, text_field, text_area, select_field, checkbox, submit, pages"
FORMS = f'{{% from "_forms.html" import {PARTS} %}}'


def rendered(source: str, **values: object) -> str:
    return _ENVIRONMENT.from_string(FORMS + source).render(**values)


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def one(self, tag: str) -> dict[str, str | None]:
        (found,) = [attrs for name, attrs in self.found if name == tag]
        return found


@pytest.mark.parametrize(
    ("macro", "tag"),
    [("text_field", "input"), ("text_area", "textarea")],
    ids=["input", "textarea"],
)
def test_a_field_is_tied_to_what_explains_it(macro: str, tag: str) -> None:
    text = rendered(
        f'{{{{ {macro}("title", "Title", x, error=x, help=x, attrs={{"maxlength": 9}}) }}}}',
        x=HOSTILE,
    )

    tags = Tags(text)
    field = tags.one(tag)
    ids = {attrs["id"] for _, attrs in tags.found if "id" in attrs}
    assert tags.one("label")["for"] == field["id"] == "id_title"
    assert field["aria-describedby"] == "error_title help_title"
    assert {"error_title", "help_title"} <= ids
    assert (field["aria-invalid"], field["maxlength"], field["name"]) == ("true", "9", "title")
    assert ("div", {"role": "alert", "id": "error_title"}) in tags.found
    assert "<script" not in text


def test_a_field_without_faults_says_nothing_of_any() -> None:
    text = rendered('{{ text_field("title", "Title") }}')

    assert "aria" not in text
    assert "errorlist" not in text


def test_a_password_is_never_shown_again() -> None:
    text = rendered('{{ text_field("password", "Password", "hunter2", type="password") }}')

    assert "hunter2" not in text


@pytest.mark.parametrize("checked", [False, True])
def test_a_box_is_checked_or_not(checked: bool) -> None:
    text = rendered('{{ checkbox("staff_only", "Staff only", c) }}', c=checked)

    assert ("checked" in Tags(text).one("input")) is checked


def test_a_choice_knows_what_was_chosen() -> None:
    text = rendered('{{ select_field("t", "Type", [(1, "warning"), (2, x)], "2") }}', x=HOSTILE)

    options = [attrs for tag, attrs in Tags(text).found if tag == "option"]
    assert ["selected" in attrs for attrs in options] == [False, True]
    assert "<script" not in text


def test_pages_lead_to_each_other_and_keep_the_question() -> None:
    def links(number: int, of: int) -> list[str]:
        found: Found[RoomRecord] = Found([], total=0, page=number, pages=of)
        text = rendered('{{ pages(found, "/x/", q) }}', found=found, q='a&b="')
        return [attrs["href"] or "" for tag, attrs in Tags(text).found if tag == "a"]

    assert links(1, 1) == []
    assert links(1, 3) == ["/x/?q=a%26b%3D%22&page=2"]
    assert links(2, 3) == ["/x/?q=a%26b%3D%22&page=1", "/x/?q=a%26b%3D%22&page=3"]
    assert links(3, 3) == ["/x/?q=a%26b%3D%22&page=2"]


def test_a_form_has_its_token_and_its_button() -> None:
    text = rendered('{{ csrf("field", "token") }}{{ submit("Save") }}')

    assert Tags(text).one("input") == {"type": "hidden", "name": "field", "value": "token"}
    assert Tags(text).one("button") == {"type": "submit", "class": "button primary"}
