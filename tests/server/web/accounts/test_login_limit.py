"""Wrong passwords at the login form: beyond the limit none is looked at."""

import logging

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from multichat_proto.exceptions import StoreUnavailable
from multichat_server.config import Settings
from multichat_server.passwords import TooManyChecks
from multichat_server.web import create_app
from tests.server.web.conftest import Browser, FrontTransport, Page, Site

BURST = 2


@pytest.fixture
def strict(site: Site) -> Site:
    """Two wrong passwords an account, eight an address."""
    site.settings = Settings(login_burst=BURST)
    return site


@pytest.fixture
def checked(strict: Site, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were looked at."""
    seen: list[str] = []
    check_password = strict.store.check_password

    async def observed(username: str, password: str) -> object:
        seen.append(password)
        return await check_password(username, password)

    monkeypatch.setattr(strict.store, "check_password", observed)
    return seen


def browser_at(site: Site, address: str) -> Browser:
    app = create_app(site.base)

    async def seen_from(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "client": (address, 50_000)}, receive, send)

    transport = FrontTransport(seen_from, site.settings)
    return Browser(httpx2.AsyncClient(transport=transport, base_url="http://chat.example"))


async def try_login(
    site: Site,
    address: str,
    name: str = "alice",
    password: str = "wrong",  # noqa: S107  # and no secret
) -> httpx2.Response:
    return await browser_at(site, address).log_in(name, password)


@pytest.mark.parametrize("name", ["alice", "nobody"], ids=["known", "unknown"])
async def test_beyond_the_limit_no_password_is_looked_at(
    strict: Site, checked: list[str], name: str
) -> None:
    """Not even the right one; and nobody learns whether there is such an account."""
    for _ in range(BURST):
        assert (await try_login(strict, "192.0.2.1", name)).status_code == 200

    response = await try_login(strict, "192.0.2.1", name, "wonderland")

    assert checked == ["wrong"] * BURST
    assert response.status_code == 429
    assert 1 <= int(response.headers["retry-after"]) <= 20
    form = Page(response.text)
    (error,) = form.errors
    assert error.startswith("Too many wrong passwords. Please try again in ")
    assert error.endswith(" seconds.")
    assert form.fields["username"]["value"] == name
    assert "value" not in form.fields["password"]
    assert "sessionid" not in response.headers.get("set-cookie", "")


async def test_a_long_wait_is_told_in_minutes(site: Site) -> None:
    site.settings = Settings(login_burst=1, login_rate=0.001)
    browser = site.browser()
    await browser.log_in(password="wrong")

    response = await browser.log_in()

    (error,) = Page(response.text).errors
    assert error == "Too many wrong passwords. Please try again in 17 minutes."
    assert 990 <= int(response.headers["retry-after"]) <= 1001


async def test_an_account_is_guarded_from_all_addresses_together(strict: Site) -> None:
    for number in range(BURST):
        await try_login(strict, f"203.0.113.{number}")

    assert (await try_login(strict, "192.0.2.1", password="wonderland")).status_code == 429
    assert (await try_login(strict, "192.0.2.1", "admin", "secret")).status_code == 302


async def test_an_address_has_four_times_as_many(strict: Site) -> None:
    for number in range(4 * BURST):
        assert (await try_login(strict, "192.0.2.1", f"user{number}")).status_code == 200

    assert (await try_login(strict, "192.0.2.1", "admin", "secret")).status_code == 429
    assert (await try_login(strict, "192.0.2.2", "admin", "secret")).status_code == 302


async def test_a_customers_addresses_are_counted_as_one(strict: Site) -> None:
    """Whoever has 2^64 of them has no more tries for that."""
    for number in range(4 * BURST):
        await try_login(strict, f"2001:db8::{number:x}", f"user{number}")

    assert (await try_login(strict, "2001:db8::ffff", "admin", "secret")).status_code == 429


async def test_what_anybody_can_say_of_himself_buys_no_tries(site: Site) -> None:
    """Without a proxy of ours the header is not believed."""
    site.settings = Settings(login_burst=1)
    statuses = []
    for number in range(2):
        browser = browser_at(site, "203.0.113.9")
        browser.client.headers["x-forwarded-for"] = f"192.0.2.{number}"
        statuses.append((await browser.log_in(password="wrong")).status_code)

    assert statuses == [200, 429]


async def test_behind_a_proxy_of_ours_each_visitor_is_counted_apart(site: Site) -> None:
    site.settings = Settings(login_burst=1, trusted_proxies=("127.0.0.1",))
    for number in range(8):
        browser = browser_at(site, "127.0.0.1")
        browser.client.headers["x-forwarded-for"] = f"192.0.2.{number}"
        response = await browser.log_in(f"user{number}", "wrong")

        assert response.status_code == 200


async def test_strangers_cannot_lock_one_out_where_one_is_at_home(strict: Site) -> None:
    assert (await try_login(strict, "192.0.2.1", password="wonderland")).status_code == 302
    for number in range(BURST):
        await try_login(strict, f"203.0.113.{number}")
    assert (await try_login(strict, "203.0.113.9")).status_code == 429

    assert (await try_login(strict, "192.0.2.1", password="wonderland")).status_code == 302


async def test_one_is_at_home_where_one_has_opened_a_page(strict: Site) -> None:
    """The session may be from elsewhere, or from before the server's last start."""
    key = await strict.store.start_session(1, lifetime=1000)
    browser = browser_at(strict, "192.0.2.1")
    browser.client.cookies.set("sessionid", key)
    assert (await browser.get("/")).status_code == 200
    for number in range(BURST):
        await try_login(strict, f"203.0.113.{number}")

    assert (await try_login(strict, "192.0.2.1", password="wonderland")).status_code == 302


async def test_a_key_that_is_none_makes_nobody_at_home(strict: Site) -> None:
    browser = browser_at(strict, "192.0.2.1")
    browser.client.cookies.set("sessionid", "invented")
    await browser.get("/")
    for number in range(BURST):
        await try_login(strict, f"203.0.113.{number}")

    assert (await try_login(strict, "192.0.2.1", password="wonderland")).status_code == 429


@pytest.mark.parametrize(
    ("error", "status"), [(TooManyChecks, 503), (StoreUnavailable, 503)], ids=["busy", "away"]
)
async def test_what_was_not_looked_at_does_not_count(
    strict: Site, monkeypatch: pytest.MonkeyPatch, error: type[Exception], status: int
) -> None:
    async def fails(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(strict.store, "check_password", fails)
        for _ in range(BURST):
            assert (await try_login(strict, "192.0.2.1")).status_code == status

    assert (await try_login(strict, "192.0.2.1", password="wonderland")).status_code == 302


async def test_a_field_that_is_missing_does_not_count(strict: Site) -> None:
    for _ in range(BURST):
        await try_login(strict, "192.0.2.1", password="")

    assert (await try_login(strict, "192.0.2.1", password="wonderland")).status_code == 302


async def test_whoever_logs_in_often_is_not_kept_waiting(strict: Site) -> None:
    for _ in range(5 * BURST):
        assert (await try_login(strict, "192.0.2.1", password="wonderland")).status_code == 302


async def test_nothing_of_it_is_written_down(
    strict: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """A person in a hurry types the password where the name belongs."""
    caplog.set_level(logging.DEBUG)
    for _ in range(BURST + 1):
        await try_login(strict, "192.0.2.1", "my secret", "another secret")

    assert "secret" not in caplog.text
    assert await strict.store.audit.recent() == []
