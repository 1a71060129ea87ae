"""What pages change is in force at once in the chat, and what is used is written down."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
import trio

from multichat_proto.exceptions import StoreUnavailable
from multichat_server.config import Settings
from multichat_server.server import Serving
from multichat_server.storage import Store
from multichat_server.web.site import Site

from .engine.nodes import Peer, handshake
from .test_server import opened, serving, session

Change = Callable[[Store], Awaitable[object]]

# Nobody looks for changes by himself during a test.
NO_POLL: dict[str, Any] = {"directory_poll": 1000, "stale_after": 2000}


def site_of(running: Serving) -> Site:
    return Site(running.store, Settings(), running.engine)


async def in_room_one(peer: Peer, extra: str = "", key: str | None = None) -> None:
    await peer.send(handshake(key, extra=extra))
    head = await peer.receive_head()
    assert head.startswith("HTTP/1.1 101 "), head
    await peer.join("1")


@pytest.mark.parametrize(
    ("change", "frame"),
    [
        (lambda s: s.change_room(1, staff_only=True), {"leave": "1"}),
        (lambda s: s.delete_room(1), {"leave": "1"}),
        (lambda s: s.change_user("alice", is_active=False), {"leave": "1"}),
        (lambda s: s.delete_user("alice"), {"leave": "1"}),
        (lambda s: s.end_sessions(1), (1008, "the session has ended")),
        (lambda s: s.change_user("alice", password="new"), (1008, "the session has ended")),
    ],
    ids=["staff-only", "room-deleted", "deactivated", "user-deleted", "sessions", "password"],
)
async def test_a_change_acts_when_the_page_answers(change: Change, frame: object) -> None:
    """MC1-REVOKE-01, -05, -06; what a page does after each change is Site.changed."""
    async with serving(**NO_POLL) as running, opened(running) as alice:
        await in_room_one(alice, key=await session(running, "alice"))

        await change(running.store)
        await site_of(running).changed()

        assert await alice.frame() == frame


async def test_a_bot_comes_in_by_its_token_and_goes_with_it() -> None:
    async with serving(**NO_POLL) as running, opened(running) as bot:
        token, secret = await running.store.tokens.add(1, "bot", lifetime=None, most=1)
        await in_room_one(bot, extra=f"Authorization: Bearer {secret}\r\n")
        (member,) = running.engine.members(1)
        assert member.username == "alice"

        await running.store.tokens.revoke(1, token.id)
        await site_of(running).changed()

        assert await bot.frame() == (1008, "the session has ended")


async def test_a_page_goes_on_when_the_store_is_away_after_the_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(**NO_POLL) as running:

        async def refresh() -> None:
            raise StoreUnavailable

        monkeypatch.setattr(running.engine, "refresh", refresh)

        await site_of(running).changed()


async def test_the_use_of_a_session_is_written_down() -> None:
    """A page's visit is noted, and a task of the server writes that."""
    async with serving(**NO_POLL) as running:
        key = await session(running, "alice")
        written = trio.Event()
        write = running.store._database.write

        async def observed(work: Any) -> Any:
            found = await write(work)
            written.set()
            return found

        running.store._database.write = observed  # type: ignore[method-assign]  # to see it
        async with httpx2.AsyncClient(base_url=running.url) as browser:
            answer = await browser.get("/", headers={"Cookie": f"sessionid={key}"})
        assert answer.status_code == 200

        await written.wait()
