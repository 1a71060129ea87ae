"""
The example sessions of the specification, played against the reference server.

``spec/README.md`` tells implementers to do just this. Steps that happen on the server's side are
done as an operator would: in the store, or by stopping the server.
"""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import trio

from multichat_server.config import Settings
from multichat_server.server import Serving, serve
from multichat_spec import example_sessions, expand
from tests.server.engine import wire
from tests.server.test_recordings import PASSWORD, Actor, gone, plain

SESSIONS = example_sessions()

ELSEWHERE = {"unavailable"}
"""Played where the store can be taken away: in the tests of the directory."""


def settings_for(session: Any, folder: Path) -> Settings:
    limits = session.get("limits", {})
    named = {
        "command_burst": limits.get("command_burst", 200),
        "max_message_length": limits.get("max_message_length", 65_536),
        "max_rooms_per_connection": limits.get("max_rooms", 100),
    }
    return Settings(
        port=0,
        database_url=f"sqlite:///{folder / 'chat.sqlite3'}",
        announce=session.get("announce", True),
        # As good as none, so that time does not count.
        command_rate=0.001,
        **named,
    )


class Play:
    """One session on one server."""

    def __init__(self, session: Any, serving: Serving) -> None:
        self._session = session
        self._serving = serving
        self._keys: dict[str, str] = {}
        self._actors: dict[str, Actor] = {}
        self._open = AsyncExitStack()

    async def prepare(self) -> None:
        store = self._serving.store
        for room in self._session["rooms"]:
            await store.add_room(
                room["title"], staff_only=room["staff_only"], room_id=int(room["id"])
            )
        users = {each["user"]: each["staff"] for each in self._session["actors"].values()}
        for name, is_staff in users.items():
            if name is not None:
                user = await store.add_user(name, PASSWORD, is_staff=is_staff)
                self._keys[name] = await store.start_session(user.id, lifetime=3600)
        await self._serving.engine.refresh()

    async def step(self, step: Any) -> None:
        who = step.get("actor")
        match step:
            case {"connect": {"path": path}}:
                key = self._keys.get(self._session["actors"][who]["user"])
                self._actors[who] = await self._open.enter_async_context(
                    Actor.connect(self._serving, path=path, session=key)
                )
            case {"send": frame}:
                await self._actors[who].send(expand(frame))
            case {"sends": frames}:
                for frame in frames:
                    await self._actors[who].send(expand(frame))
            case {"binary": payload}:
                await self._actors[who].stream.send_all(
                    wire.client_frame(wire.BINARY, bytes.fromhex(payload))
                )
            case {"close": code}:
                await self._actors[who].stream.send_all(wire.close(code))
            case {"vanish": True}:
                await self._actors.pop(who).stream.aclose()
                await gone(self._serving, down_to=len(self._actors))
            case {"change": change}:
                await self._change(change)
            case _:
                pytest.fail(f"a step that nobody knows: {step}")
        for name, expected in step["expect"].items():
            for item in expected:
                await self._receive(name, item)

    async def end(self) -> None:
        """Nothing else came: the next thing is the answer to a last command, or the end."""
        for actor in self._actors.values():
            await actor.send("no frame")
            rest = await actor.receive()
            assert rest is None or wire.shown(rest)["error"] in ("FRAME_INVALID", "RATE_LIMITED")
        await self._open.aclose()

    async def _receive(self, name: str, item: Any) -> None:
        if "open" in item:
            return  # that there is an actor
        frame = await self._actors[name].receive()
        assert frame is not None, f"{name} expected {item}"
        if "close" in item:
            assert wire.code_of(wire.shown(frame)) == item["close"]
            assert await self._actors.pop(name).receive() is None
        else:
            assert plain(wire.shown(frame)) == plain(item["frame"])

    async def _change(self, change: Any) -> None:
        store = self._serving.store
        match change:
            case {"room": room, "staff_only": staff_only}:
                await store.change_room(int(room), staff_only=staff_only)
            case {"room": room, "deleted": True}:
                await store.delete_room(int(room))
            case {"actor": name, "session": "ended"}:
                await store.end_session(self._keys[self._session["actors"][name]["user"]])
            case {"server": "stops"}:
                self._serving.stop()
                return
            case _:
                pytest.fail(f"a change that nobody knows: {change}")
        await self._serving.engine.refresh()


@pytest.mark.parametrize("name", sorted(SESSIONS.keys() - ELSEWHERE))
async def test_a_session_goes_as_the_specification_shows_it(name: str, tmp_path: Path) -> None:
    session = SESSIONS[name]
    async with trio.open_nursery() as nursery:
        serving: Serving = await nursery.start(serve, settings_for(session, tmp_path))
        play = Play(session, serving)
        await play.prepare()
        for step in session["steps"]:
            await play.step(step)
        await play.end()
        serving.stop()


def test_what_is_played_elsewhere_exists() -> None:
    assert SESSIONS.keys() >= ELSEWHERE
