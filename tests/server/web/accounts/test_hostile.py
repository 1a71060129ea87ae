"""Forms of those who are logged in, filled in with noise: refused or done, never our failure."""

from urllib.parse import quote_from_bytes

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from multichat_server.config import Settings
from multichat_server.passwords import Passwords
from multichat_server.storage import Store
from tests.server.web.conftest import Site

FIELDS = st.sampled_from(
    [
        *("action", "name", "days", "token", "session", "tokens", "next", "username", "password"),
        *("old_password", "new_password1", "new_password2", "\ud800"),
    ]
)
VALUES = st.binary(max_size=20) | st.sampled_from(
    [
        *(b"add", b"revoke", b"all", b"others", b"1", b"-1", b"9" * 19, b"9" * 4000, b"", b" "),
        *(b"alice", b"wonderland", b"\xff", b"\0", b"\xed\xa0\x80", b"\xe2\x80\xa8", "٣".encode()),
    ]
)
PATHS = st.sampled_from(["tokens", "sessions", "password_change", "login"])
FORMS = st.lists(st.tuples(PATHS, st.lists(st.tuples(FIELDS, VALUES), max_size=6)), max_size=6)


@given(FORMS)
@settings(max_examples=60, deadline=None)
def test_noise_does_no_harm(forms: list[tuple[str, list[tuple[str, bytes]]]]) -> None:
    async def run() -> set[int]:
        async with Store.open("sqlite://", passwords=Passwords(memory_kib=8)) as store:
            await store.add_user("alice", "wonderland")
            browser = Site(store, Settings(login_burst=50)).browser()
            await browser.log_in()
            statuses = set()
            for path, fields in forms:
                pairs = [(name.encode("utf-8", "surrogatepass"), value) for name, value in fields]
                pairs.append((b"csrfmiddlewaretoken", browser.token.encode()))
                body = b"&".join(
                    b"=".join(quote_from_bytes(each).encode() for each in pair) for pair in pairs
                )
                response = await browser.client.post(
                    f"/accounts/{path}/",
                    content=body,
                    headers={"content-type": "application/x-www-form-urlencoded"},
                )
                statuses.add(response.status_code)
                assert "mct_" not in response.headers.get("location", "")
            return statuses

    assert trio.run(run) <= {200, 302, 303, 400, 422}
