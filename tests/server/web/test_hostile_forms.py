"""Forms made of noise: refused, never a failure of ours."""

from typing import cast

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from multichat_server.config import Settings
from multichat_server.storage import Store
from multichat_server.web import create_app
from multichat_server.web.site import Site
from tests.server.http.wire import post, talk

from .fakes import FakeChat

# Without a token no form gets as far as the store.
APP = create_app(Site(cast(Store, None), Settings(), FakeChat()))

KINDS = st.sampled_from(
    [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=utf-16",
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=x; charset=utf-16",
        "multipart/form-data; boundary=x; charset=undefined",
        "multipart/form-data; boundary=x; charset=idna",
        'multipart/form-data; boundary="',
        "multipart/form-data",
    ]
)
PIECES = st.sampled_from(
    [
        b"--x",
        b"--x--",
        b"--",
        b"\r\n",
        b"\r\n\r\n",
        b"Content-Disposition: form-data; name=a",
        b'Content-Disposition: form-data; name="csrfmiddlewaretoken"',
        b"Content-Disposition: form-data; name*=utf-8''%ff",
        b'; filename="f"',
        b"Content-Type: text/plain; charset=nonesuch",
        b"csrfmiddlewaretoken=",
        b"&",
        b"=",
        b"%",
        b"%ff",
        b";",
    ]
)


@given(KINDS, st.lists(PIECES | st.binary(max_size=8), max_size=12).map(b"".join))
@settings(max_examples=400, deadline=None)
def test_noise_is_refused(kind: str, body: bytes) -> None:
    async def run() -> list[int]:
        request = post(
            body, f"Content-Type: {kind}", f"Cookie: csrftoken={'x' * 64}", path="/accounts/login/"
        )
        return (await talk(request, app=APP)).statuses

    (status,) = trio.run(run)

    assert status in (400, 403, 415)


async def test_what_is_wrong_with_a_form_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Anybody could fill the log with it."""
    kind = "Content-Type: multipart/form-data; boundary=x"

    answer = await talk(post(b"--abc", kind, path="/accounts/login/"), app=APP)

    assert answer.statuses == [400]
    assert caplog.messages == []
