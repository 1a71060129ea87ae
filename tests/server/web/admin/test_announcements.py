"""Announcements to a room."""

import re
from urllib.parse import urlencode

import pytest

from multichat_proto.handshake import CSRF_FIELD
from multichat_server.config import Settings
from tests.server.web.conftest import Site

from .conftest import ROOMS, Admin

PATH = f"{ROOMS}1/announce/"


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_each_type_of_v1_is_sent(admin: Admin, number: int) -> None:
    """MC1-TYPE-03."""
    admin.enter(1, "alice")

    answer = await admin.post(PATH, msg_type=str(number), message="one\r\ntwo")

    assert (answer.status, answer.location) == (303, f"{PATH}?notice=announcement-sent")
    assert admin.site.chat.announced == [(1, number, "one\ntwo", "admin")]
    (entry,) = await admin.log()
    assert (entry.action, entry.subject, entry.subject_id) == ("room.announce", "room 1", 1)
    assert entry.details == {"msg_type": number, "message": "one\ntwo"}


async def test_the_deployments_own_types_are_sent(site: Site) -> None:
    site.settings = Settings(message_types=("6:celebration",))
    browser = site.browser()
    await browser.log_in("admin", "secret")
    admin = Admin(browser, site)
    assert '<option value="6">celebration</option>' in (await admin.get(PATH)).html

    await admin.post(PATH, msg_type="6", message="Hurrah")

    assert site.chat.announced == [(1, 6, "Hurrah", "admin")]


async def test_nobody_hears_what_is_said_in_an_empty_room(admin: Admin) -> None:
    answer = await admin.post(PATH, msg_type="1", message="x")

    assert answer.location == f"{PATH}?notice=announcement-unheard"
    assert "nobody got the announcement" in (await admin.get(answer.location)).text


async def test_the_form_says_how_many_get_it(admin: Admin) -> None:
    assert "Send to 0 members" in (await admin.get(PATH)).text
    admin.enter(1, "alice")
    assert "Send to 1 member " in (await admin.get(PATH)).text


@pytest.mark.parametrize("number", ["0", "4", "5", "6", "-1", "01", "x", "", "\u0661"], ids=ascii)
async def test_a_type_that_is_none_of_these_is_refused(admin: Admin, number: str) -> None:
    """Neither what a person says nor who comes and goes can be announced."""
    answer = await admin.post(PATH, msg_type=number, message="<b>kept")

    assert (answer.status, answer.page.errors) == (422, ["Choose one of these types."])
    assert "&lt;b&gt;kept</textarea>" in answer.html
    assert admin.site.chat.announced == []
    assert await admin.log() == []


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("", "An announcement cannot be blank."),
        (" \r\n ", "An announcement cannot be blank."),
        ("\U0001f600" * 4097, "An announcement has at most 4096 characters."),
    ],
    ids=["empty", "blank", "long"],
)
async def test_a_text_that_cannot_be_sent_is_refused(site: Site, message: str, error: str) -> None:
    site.settings = Settings(max_message_length=4096)
    browser = site.browser()
    await browser.log_in("admin", "secret")

    answer = await Admin(browser, site).post(PATH, msg_type="2", message=message)

    assert (answer.status, answer.page.errors) == (422, [error])
    assert '<option value="2" selected>' in answer.html
    assert site.chat.announced == []


async def test_the_longest_text_is_sent(site: Site) -> None:
    """Counted in code points, as on the wire (MC1-LIMIT-03)."""
    site.settings = Settings(max_message_length=4096)
    browser = site.browser()
    await browser.log_in("admin", "secret")

    await Admin(browser, site).post(PATH, msg_type="2", message="\U0001f600" * 4096)

    assert site.chat.announced == [(1, 2, "\U0001f600" * 4096, "admin")]


async def test_what_a_browser_lets_one_write_fits_into_a_form(admin: Admin) -> None:
    answer = await admin.get(PATH)
    (most,) = re.findall(r'<textarea[^>]* maxlength="(\d+)"', answer.html)

    # A browser counts UTF-16 code units, of which the widest are three bytes each in UTF-8.
    form = urlencode({"message": "\uffee" * int(most), "msg_type": "1", CSRF_FIELD: "x" * 64})

    assert int(most) >= 5_000
    assert len(form) <= Settings().http_body_bytes


async def test_nothing_is_sent_of_which_there_would_be_no_record(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    from multichat_proto.exceptions import StoreUnavailable

    async def away(*_: object, **__: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(type(admin.site.store.audit), "record", away)
    admin.enter(1, "alice")

    assert (await admin.post(PATH, msg_type="1", message="x")).status == 503
    assert (await admin.post(f"{ROOMS}1/members/", connection="1")).status == 503

    assert admin.site.chat.announced == []
    assert len(admin.site.chat.members(1)) == 1
