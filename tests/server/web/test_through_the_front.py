"""The pages behind the HTTP front, on a real socket: what the original's clients do, works."""

import re
from collections.abc import AsyncIterator
from functools import partial
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import pytest
import trio

from multichat_server.http import serve_http
from multichat_server.web import create_app

from .conftest import Site


@pytest.fixture
async def url(site: Site, nursery: trio.Nursery) -> AsyncIterator[str]:
    app = create_app(site.base)

    async def upgrade(*_: object) -> None:
        pytest.fail("nobody asked for that")

    async def serve(stream: trio.SocketStream) -> None:
        await serve_http(stream, app=app, settings=site.settings, upgrade=upgrade)

    (listener,) = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
    yield f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
    nursery.cancel_scope.cancel()


async def test_a_script_written_for_the_original_logs_in_unchanged(url: str) -> None:
    """With the standard library only, following redirects, finding the token by a pattern."""

    def visit(opener: OpenerDirector, address: str, data: dict[str, str] | None = None) -> str:
        body = None if data is None else urlencode(data).encode()
        request = Request(address, body, {"Referer": address})  # noqa: S310  # our own server
        with opener.open(request, timeout=30) as response:
            return str(response.read().decode())

    def script() -> tuple[str, dict[str, str | None]]:
        jar = CookieJar()
        opener = build_opener(HTTPCookieProcessor(jar))
        page = visit(opener, f"{url}/accounts/login/")
        found = re.search(r"name='csrfmiddlewaretoken' value='(\w+)'", page)
        assert found is not None
        data = {
            "username": "alice",
            "password": "wonderland",
            "csrfmiddlewaretoken": found.group(1),
        }
        home = visit(opener, f"{url}/accounts/login/", data)
        return home, {cookie.name: cookie.value for cookie in jar}

    home, cookies = await trio.to_thread.run_sync(script)

    assert 'data-room-id="1"' in home
    assert set(cookies) == {"csrftoken", "sessionid"}
