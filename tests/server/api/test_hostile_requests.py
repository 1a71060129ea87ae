"""Requests made of noise: refused in the words of the description, never a failure of ours."""

import json
from typing import Any
from urllib.parse import quote

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from multichat_server.config import Settings
from multichat_server.passwords import Passwords
from multichat_server.storage import Store

from .conftest import World

METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "X"])
PARTS = st.sampled_from(
    ["rooms", "users", "members", "announcements", "me", "1", "2", "9" * 25, ""]
)
# A client takes out what leads up in the folders, and would ask outside the API.
NOISE = st.text("ab%/.;\x7f/?#é١0", max_size=6).filter(
    lambda part: {".", ".."}.isdisjoint(part.split("/"))
)
PATHS = st.lists(PARTS | NOISE, max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
MEMBERS = st.sampled_from(
    ["title", "staff_only", "msg_type", "message", "username", "password", "is_staff", "is_active"]
)
BODIES = st.dictionaries(MEMBERS, VALUES, max_size=4).map(lambda v: json.dumps(v).encode())
HEADERS = st.sampled_from(
    [
        {},
        {"accept": "*/*;q=x"},
        {"accept": ",;q=,;;"},
        {"content-type": 'application/json; charset="'},
        {"content-type": "application/json; charset=undefined"},
        {"content-encoding": "identity"},
        {"x-forwarded-for": "x,"},
    ]
)


REQUESTS = st.tuples(METHODS, PATHS, BODIES | st.binary(max_size=60), st.text(max_size=20), HEADERS)


@given(st.lists(REQUESTS, min_size=1, max_size=10))
@settings(max_examples=50, deadline=None)
def test_noise_is_answered(
    requests: list[tuple[str, list[str], bytes, str, dict[str, str]]],
) -> None:
    """Each answer is held to the description by the program itself."""

    async def run() -> set[int]:
        async with Store.open("sqlite://", passwords=Passwords(memory_kib=8)) as store:
            await store.add_user("admin", "secret", is_staff=True)
            await store.add_room("Lobby")
            admin = await World(store, Settings()).bot("admin")
            found = set()
            for method, parts, body, query, headers in requests:
                path = "".join(f"/{quote(part)}" for part in parts)
                named: dict[str, Any] = {"content-type": "application/json"} | headers
                params = {"page": query, "q": query}
                response = await admin.ask(method, path, content=body, params=params, **named)
                found.add(response.status_code)
            return found

    assert max(trio.run(run)) < 500
