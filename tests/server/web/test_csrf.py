"""Forms of other sites: refused by token, and by Origin."""

import pytest

from multichat_server.config import Settings

from .conftest import LOGIN, Browser, Site

RIGHT = {"username": "alice", "password": "wonderland"}


async def post_login(browser: Browser, *, field: str | None, **headers: str) -> int:
    data = RIGHT if field is None else {**RIGHT, "csrfmiddlewaretoken": field}
    return (await browser.post(LOGIN, data, **headers)).status_code


async def test_without_cookie_and_token_a_form_is_refused(browser: Browser) -> None:
    """H03."""
    response = await browser.post(LOGIN, RIGHT)

    assert response.status_code == 403
    assert "403 Forbidden" in response.text
    assert "set-cookie" not in response.headers


async def test_one_of_the_two_is_not_enough(browser: Browser, site: Site) -> None:
    """H03b, H03c."""
    await browser.get(LOGIN)

    assert await post_login(browser, field=None) == 403
    assert await post_login(site.browser(), field=browser.token) == 403


async def test_the_token_may_come_in_the_form_or_in_the_header(
    browser: Browser, site: Site
) -> None:
    """H03d, H03e."""
    await browser.get(LOGIN)
    assert await post_login(browser, field=browser.token) == 302

    other = site.browser()
    await other.get(LOGIN)
    assert await post_login(other, field=None, x_csrftoken=other.token) == 302
    # An empty field is no field.
    assert await post_login(other, field="", x_csrftoken=other.token) == 302


@pytest.mark.parametrize("wrong", ["x" * 64, "", "é" * 64, "\x00"])
async def test_another_token_is_none(browser: Browser, wrong: str) -> None:
    await browser.get(LOGIN)

    assert await post_login(browser, field=wrong) == 403
    assert await post_login(browser, field=browser.token.swapcase()) == 403
    # The field counts where there is one: the header does not mend it.
    if wrong:
        assert await post_login(browser, field=wrong, x_csrftoken=browser.token) == 403


@pytest.mark.parametrize("cookie", ["", "x", "x" * 63, "x" * 65, "-" * 64, "é" * 64])
async def test_a_cookie_that_could_be_guessed_proves_nothing(browser: Browser, cookie: str) -> None:
    assert await post_login(browser, field=cookie, cookie=f"csrftoken={cookie}") == 403


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://chat.example", "chat.example"),
        ("http://CHAT.example:80", "chat.example"),
        # TLS ends before us; the host is what counts.
        ("https://chat.example", "chat.example"),
        ("https://chat.example", "chat.example:443"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
async def test_our_own_pages_may_post(browser: Browser, origin: str, host: str) -> None:
    await browser.get(LOGIN)

    status = await post_login(browser, field=browser.token, origin=origin, host=host)

    assert status == 302


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "file://",
        "http://evil.example",
        "http://chat.example.evil.example",
        "http://chat.example:8080",
        "http://neighbour.chat.example",
        "http://[::1",
        "http://chat.example:port",
        "ftp://chat.example",
    ],
)
async def test_other_sites_may_not_even_with_the_token(browser: Browser, origin: str) -> None:
    """A neighbour who can set cookies here could make cookie and field agree."""
    await browser.get(LOGIN)

    assert await post_login(browser, field=browser.token, origin=origin) == 403


async def test_origins_that_were_named_may(site: Site) -> None:
    site.settings = Settings(allowed_origins=("https://public.example",))
    browser = site.browser()
    await browser.get(LOGIN)

    status = await post_login(browser, field=browser.token, origin="https://public.example")

    assert status == 302


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "NONSENSE"])
async def test_every_method_that_could_change_something_is_checked(
    browser: Browser, method: str
) -> None:
    await browser.get(LOGIN)

    assert (await browser.client.request(method, LOGIN)).status_code == 403
    response = await browser.client.request(method, LOGIN, headers={"x-csrftoken": browser.token})
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("application/x-www-form-urlencoded", b"\xff\xfe%zz%=&&&=;;"),
        ("application/x-www-form-urlencoded", b"&" * 60_000),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense\r\n\r\n"),
        ("multipart/form-data; boundary=\xff", b"--x--"),
    ],
)
async def test_a_body_that_is_no_form_of_ours_is_refused(
    browser: Browser, kind: str, content: bytes
) -> None:
    await browser.get(LOGIN)

    response = await browser.client.post(
        LOGIN, content=content, headers=[(b"content-type", kind.encode("latin-1"))]
    )

    assert response.status_code in (400, 403)


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded; charset=utf-16",
        "multipart/form-data; boundary=x; charset=nonesuch",
        "multipart/form-data; boundary=x; charset=undefined",
        'multipart/form-data; boundary=x; CHARSET="idna"',
        "multipart/form-data; boundary=x; charset=punycode",
        "multipart/form-data; boundary=x; charset=utf-8; charset=undefined",
        "multipart/form-data; boundary=x; charset=",
        "\xff;;;=",
        "",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_only_forms_in_utf_8_are_read(browser: Browser, kind: str, method: str) -> None:
    """Python has codecs that fail in ways of their own, and slow ones."""
    content = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'

    response = await browser.client.request(
        method, LOGIN, content=content, headers=[(b"content-type", kind.encode("latin-1"))]
    )

    assert response.status_code == 415
    assert response.headers["x-frame-options"] == "DENY"
    assert "Only forms are read here" in response.text


@pytest.mark.parametrize("more", ["", "; charset=utf-8", '; charset="UTF-8"'])
async def test_a_form_in_parts_will_do(browser: Browser, more: str) -> None:
    await browser.get(LOGIN)
    fields = {
        "username": "alice",
        "password": "wonderland",
        "csrfmiddlewaretoken": browser.token,
    }
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]

    response = await browser.client.post(
        LOGIN,
        content="".join([*parts, "--x--\r\n"]).encode(),
        headers={"content-type": f"multipart/form-data; boundary=x{more}"},
    )

    assert response.status_code == 302


async def test_a_body_is_not_read_where_no_form_is_expected(browser: Browser) -> None:
    response = await browser.client.request(
        "GET",
        LOGIN,
        content=b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n',
        headers={"content-type": "multipart/form-data; boundary=x; charset=undefined"},
    )

    assert response.status_code == 200
