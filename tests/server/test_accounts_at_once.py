"""What people change in their accounts is in force in open chats before the page answers."""

import re

import httpx2
import pytest

from multichat_server.server import Serving

from .test_changes_at_once import NO_POLL, in_room_one
from .test_server import PASSWORD, opened, serving, session

ENDED = (1008, "the session has ended")
TOKEN = "x" * 64


async def post(running: Serving, key: str, path: str, **data: str) -> httpx2.Response:
    """Send a form of one's account as a browser would that is logged in."""
    async with httpx2.AsyncClient(base_url=running.url) as browser:
        return await browser.post(
            f"/accounts/{path}/",
            data={**data, "csrfmiddlewaretoken": TOKEN},
            headers={"cookie": f"sessionid={key}; csrftoken={TOKEN}"},
        )


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("sessions", {"session": "all"}),
        ("sessions", {"session": "others"}),
        ("sessions", {"session": "its id"}),
        (
            "password_change",
            {
                "old_password": PASSWORD,
                "new_password1": "a horse and a staple",
                "new_password2": "a horse and a staple",
            },
        ),
    ],
    ids=["everywhere", "others", "one", "password"],
)
async def test_a_chat_ends_with_its_session(path: str, data: dict[str, str]) -> None:
    async with serving(**NO_POLL) as running, opened(running) as chat:
        mine, other = await session(running, "alice"), await session(running, "alice")
        await in_room_one(chat, key=other)
        if data.get("session") == "its id":
            data = {"session": running.store.session_id(other)}

        response = await post(running, mine, path, **data)

        assert response.status_code == 303, response.text
        assert await chat.frame() == ENDED


async def test_ones_own_chat_goes_on_when_the_others_end() -> None:
    async with serving(**NO_POLL) as running, opened(running) as chat:
        mine = await session(running, "alice")
        await in_room_one(chat, key=mine)

        await post(running, mine, "sessions", session="others")

        await chat.join("2")


@pytest.mark.parametrize("which", ["1", "all"])
async def test_a_bot_ends_with_its_token(which: str) -> None:
    async with serving(**NO_POLL) as running, opened(running) as bot:
        key = await session(running, "alice")
        made = await post(running, key, "tokens", action="add", name="bot", days="1")
        (secret,) = re.findall(r"mct_[\w-]+", made.text)
        await in_room_one(bot, extra=f"Authorization: Bearer {secret}\r\n")

        await post(running, key, "tokens", action="revoke", token=which)

        assert await bot.frame() == ENDED
