"""
The stand-in's pages answer as the original's were recorded to answer.

The table is the recording's, a line a request: what the answer must be in status, place,
cookies and title. The texts of the pages are not compared.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Literal

import pytest

from tests.original.conftest import open_database, restored
from tests.original.target import OriginalServer
from tests.targets.target import Answer

pytestmark = [pytest.mark.original, pytest.mark.timeout(300)]

LOGIN, LOGOUT, ROOMS = "/accounts/login/", "/accounts/logout/", "/admin/chat/room/"
WRONG = "Please enter a correct username and password. Note that both fields may be case-sensitive."
CSRF_COOKIE = "csrftoken; expires; Max-Age=31449600; Path=/"
SESSION_COOKIE = "sessionid; expires; HttpOnly; Max-Age=1209600; Path=/"
NO_SESSION_COOKIE = 'sessionid=""; expires; Max-Age=0; Path=/'
LOGGED_IN = (CSRF_COOKIE, SESSION_COOKIE)
ALICE = {"username": "alice", "password": "alice-demo"}


@dataclass(frozen=True)
class Case:
    """
    One recorded request.

    Attributes:
        id: The id in the recordings.
        request: Method and path.
        status: The recorded status.
        title: The recorded page's title.
        location: Where it redirects to.
        cookies: What it sets, without values and dates.
        who: Whose session is sent; ``unknown`` is a session that does not exist.
        form: What is posted.
        token: How the form's token is sent.
        host: The Host header, if not the server's own.
        errors: The errors that the page lists.

    """

    id: str
    request: str
    status: int
    title: str = ""
    location: str | None = None
    cookies: tuple[str, ...] = ()
    who: str | None = None
    form: dict[str, str] | None = None
    token: Literal["form", "header", "cookie's", "no form", "no cookie", "none"] = "form"
    host: str | None = None
    errors: list[str] = field(default_factory=list)


CASES = [
    Case("H01", "GET /", 302, location="/accounts/login/?next=/"),
    Case("H02", f"GET {LOGIN}", 200, "Login", cookies=(CSRF_COOKIE,)),
    Case("H03", f"POST {LOGIN}", 403, "403 Forbidden", form=ALICE, token="none"),
    Case("H03b", f"POST {LOGIN}", 403, "403 Forbidden", form=ALICE, token="no form"),
    Case("H03c", f"POST {LOGIN}", 403, "403 Forbidden", form=ALICE, token="no cookie"),
    Case("H03d", f"POST {LOGIN}", 302, "", "/", LOGGED_IN, form=ALICE, token="header"),
    Case("H03e", f"POST {LOGIN}", 302, "", "/", LOGGED_IN, form=ALICE, token="cookie's"),
    Case(
        "H04",
        f"POST {LOGIN}",
        200,
        "Login",
        cookies=(CSRF_COOKIE,),
        form={**ALICE, "password": "wrong"},
        errors=[WRONG],
    ),
    Case(
        "H04b",
        f"POST {LOGIN}",
        200,
        "Login",
        cookies=(CSRF_COOKIE,),
        form={"username": "", "password": ""},
        errors=["This field is required."] * 2,
    ),
    Case("H05", f"POST {LOGIN}", 302, "", "/", LOGGED_IN, form=ALICE),
    Case("H05b", f"POST {LOGIN}?next=/admin/", 302, "", "/admin/", LOGGED_IN, form=ALICE),
    Case("H05c", f"POST {LOGIN}", 302, "", "/x/", LOGGED_IN, form={**ALICE, "next": "/x/"}),
    Case(
        "H05d",
        f"POST {LOGIN}",
        302,
        "",
        "/",
        LOGGED_IN,
        form={**ALICE, "next": "http://evil.example/"},
    ),
    Case(
        "H05e",
        f"POST {LOGIN}",
        200,
        "Login",
        cookies=(CSRF_COOKIE,),
        form={**ALICE, "username": "ALICE"},
        errors=[WRONG],
    ),
    Case("H05f", f"GET {LOGIN}", 200, "Login", cookies=(CSRF_COOKIE,), who="alice"),
    Case("H06", "GET /", 200, "MultiChat Example", who="alice"),
    Case(
        "H06b",
        "GET /",
        302,
        location="/accounts/login/?next=/",
        cookies=(NO_SESSION_COOKIE,),
        who="unknown",
    ),
    Case("H06c", "HEAD /", 200, who="alice"),
    Case("H06d", "POST /", 403, "403 Forbidden", who="alice", token="none"),
    Case("H07", "GET /accounts/login", 301, location=LOGIN),
    Case("H07b", "GET /accounts/logout", 301, location=LOGOUT),
    Case("H08", "GET /chat/stream/", 404, "Page not found at /chat/stream/"),
    Case("H08b", "GET /chat/stream", 404, "Page not found at /chat/stream"),
    Case("H08c", "GET /nope", 404, "Page not found at /nope"),
    Case("H08d", "POST /chat/stream/", 404, "Page not found at /chat/stream/", token="none"),
    Case("H09", "GET /admin/", 302, location="/admin/login/?next=/admin/"),
    Case("H09b", "GET /admin/", 302, location="/admin/login/?next=/admin/", who="alice"),
    Case(
        "H09c",
        "GET /admin/login/?next=/admin/",
        200,
        "Log in | Django site admin",
        cookies=(CSRF_COOKIE,),
    ),
    Case("H10", "GET /admin/", 200, "Site administration | Django site admin", who="admin"),
    Case(
        "H10b",
        f"GET {ROOMS}",
        200,
        "Select room to change | Django site admin",
        cookies=(CSRF_COOKIE,),
        who="admin",
    ),
    Case(
        "H10c",
        f"GET {ROOMS}add/",
        200,
        "Add room | Django site admin",
        cookies=(CSRF_COOKIE,),
        who="admin",
    ),
    Case(
        "H10g",
        f"POST {ROOMS}add/",
        200,
        "Add room | Django site admin",
        cookies=(CSRF_COOKIE,),
        who="admin",
        form={"title": ""},
        errors=["This field is required."],
    ),
    Case(
        "H10h",
        f"POST {ROOMS}add/",
        200,
        "Add room | Django site admin",
        cookies=(CSRF_COOKIE,),
        who="admin",
        form={"title": "t" * 256},
        errors=["Ensure this value has at most 255 characters (it has 256)."],
    ),
    Case("H10i", f"GET {ROOMS}", 302, location=f"/admin/login/?next={ROOMS}", who="alice"),
    Case("H11", "GET /", 400, "DisallowedHost at /", host="evil.example"),
    Case("H11b", f"GET {LOGIN}", 200, "Login", cookies=(CSRF_COOKIE,), host="localhost"),
    Case("H12", "GET /static/main.css", 200),
    Case("H12b", "GET /static/css/style.css", 404, "Page not found at /static/css/style.css"),
    Case("H12c", "GET /static/nope.js", 404, "Page not found at /static/nope.js"),
    Case("H12d", "GET /static/admin/css/base.css", 200),
    Case("H13", f"GET {LOGOUT}", 302, "", "/", (NO_SESSION_COOKIE,), who="alice, fresh"),
    Case("H13c", f"GET {LOGOUT}", 302, location="/"),
    Case("H13d", f"POST {LOGOUT}", 403, "403 Forbidden", who="alice", token="none"),
    Case(
        "H13e",
        f"GET {LOGOUT}?next=/x/",
        302,
        "",
        "/x/",
        (NO_SESSION_COOKIE,),
        who="alice, fresh",
    ),
    Case("H14", "GET /accounts/", 404, "Page not found at /accounts/"),
    Case("H15", "GET /%D0%A2/", 404, "Page not found at /Т/"),
]


def ask(server: OriginalServer, case: Case) -> Answer:
    """Send a case's request."""
    method, path = case.request.split(" ")
    cookies, form, headers = {}, dict(case.form or {}), {}
    if case.who == "unknown":
        cookies["sessionid"] = "k" * 32
    elif case.who is not None:
        name, _, fresh = case.who.partition(", ")
        cookies["sessionid"] = server.log_in(name) if fresh else server.session(name)
    if case.host is not None:
        headers["Host"] = case.host
    if method == "POST" and case.token != "none":
        page = server.request("GET", path, cookies=cookies)
        if case.token != "no cookie":
            cookies["csrftoken"] = page.cookies["csrftoken"]
        if case.token == "header":
            headers["X-CSRFToken"] = page.token
        elif case.token == "cookie's":
            form["csrfmiddlewaretoken"] = page.cookies["csrftoken"]
        elif case.token != "no form":
            form["csrfmiddlewaretoken"] = page.token
    return server.request(
        method, path, form=form if method == "POST" else None, cookies=cookies, headers=headers
    )


def cookies_set(answer: Answer) -> tuple[str, ...]:
    """Return the cookies an answer sets, without values (but empty ones) and dates."""
    lines = answer.headers.get_all("Set-Cookie") or []
    return tuple(
        re.sub(r'^(\w+)=(?!"")[^;]*', r"\1", re.sub("expires=[^;]*", "expires", line.strip()))
        for line in lines
    )


def title(answer: Answer) -> str:
    """Return a page's title, spaces put together as a browser does."""
    found = re.search("<title>(.*?)</title>", answer.text, re.DOTALL)
    return " ".join(html.unescape(found[1]).split()) if found else ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_page_answers_as_recorded(original_server: OriginalServer, case: Case) -> None:
    """Status, place, cookies and title, and the errors that the page lists."""
    answer = ask(original_server, case)
    listed = re.findall('<ul class="errorlist[^"]*">(.*?)</ul>', answer.text, re.DOTALL)

    assert (answer.status, title(answer)) == (case.status, case.title)
    assert answer.headers.get("Location") == case.location
    assert cookies_set(answer) == case.cookies
    assert re.findall("<li>(.*?)</li>", "".join(listed)) == case.errors


def test_inactive_user_is_refused_like_a_wrong_password(original_server: OriginalServer) -> None:
    """Recorded as H04c."""
    database = open_database(original_server.database)
    with restored(database):
        database.execute("UPDATE auth_user SET is_active = 0 WHERE username = 'alice'")
        answer = original_server.submit(LOGIN, ALICE)
    database.close()

    assert answer.status == 200
    assert WRONG in answer.text


def test_login_form_has_the_recorded_fields(original_server: OriginalServer) -> None:
    """Recorded with H02."""
    page = original_server.request("GET", LOGIN).text

    assert '<form action="." method="POST">' in page
    assert re.search('<input [^>]*id="id_username" maxlength="254" name="username"', page)
    assert '<input id="id_password" name="password" type="password" required />' in page
    assert "<input type='hidden' name='csrfmiddlewaretoken' value='" in page


def test_home_page_lists_all_rooms_by_title(original_server: OriginalServer) -> None:
    """Recorded with H06: the staff room too, titles escaped."""
    cookies = {"sessionid": original_server.session("alice")}
    page = original_server.request("GET", "/", cookies=cookies).text

    assert re.findall('<li class="room-link".*?</li>', page) == [
        '<li class="room-link" data-room-id="4">&lt;b&gt;Тест&lt;/b&gt; 😀</li>',
        '<li class="room-link" data-room-id="1">room 1</li>',
        '<li class="room-link" data-room-id="2">room 2</li>',
        '<li class="room-link" data-room-id="3">staff room</li>',
    ]
    assert '<ul class="rooms">' in page
    assert '<div id="chats"></div>' in page
    assert 'href="/accounts/logout/"' in page


def test_home_page_without_rooms_points_to_the_admin(original_server: OriginalServer) -> None:
    """A paragraph instead of the list."""
    database = open_database(original_server.database)
    cookies = {"sessionid": original_server.session("alice")}
    with restored(database):
        database.execute("DELETE FROM chat_room")
        page = original_server.request("GET", "/", cookies=cookies).text
    database.close()

    assert '<p class="empty">' in page
    assert 'href="/admin/chat/room/add/"' in page


def test_admin_makes_changes_and_deletes_a_room(original_server: OriginalServer) -> None:
    """Recorded as H10d, H10e and H10f."""
    server = original_server
    admin = {"sessionid": server.session("admin")}
    database = open_database(server.database)
    find = "SELECT id, staff_only FROM chat_room WHERE title = 'from admin'"

    added = server.submit(f"{ROOMS}add/", {"title": "from admin", "staff_only": "on"}, admin)
    ((room, staff_only),) = database.execute(find)
    changing = server.request("GET", f"{ROOMS}{room}/change/", cookies=admin)
    changed = server.submit(f"{ROOMS}{room}/change/", {"title": "from admin"}, admin)
    after = database.execute(find).fetchall()
    deleted = server.submit(f"{ROOMS}{room}/delete/", {"post": "yes"}, admin)
    left = database.execute(find).fetchall()
    database.close()

    for answer in (added, changed, deleted):
        assert (answer.status, answer.headers["Location"]) == (302, ROOMS)
        assert cookies_set(answer) == ("messages; HttpOnly; Path=/",)
    assert title(changing) == "Change room | Django site admin"
    assert (staff_only, after, left) == (1, [(room, 0)], [])
