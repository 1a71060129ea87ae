"""
Replays a recorded session against the running stand-in, step by step.

The recordings waited a while after each step to see what arrives. Here nothing waits for
time to pass. After each step every open connection sends a *fence*: a ``leave`` of a room
that nobody is in, answered to that connection alone. The one worker takes commands in order,
and what is sent to a connection arrives in order; so when the fence's answer is there,
everything that the step caused has arrived before it, and nothing else can follow.

A connection that is not logged in is answered USER_HAS_TO_LOGIN at the fence. That cannot be
told from an answer to the step by itself, but by its place: it is the last one.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import trio
from websockets.frames import Opcode

from multichat_spec import expand
from tests.original.target import OriginalServer
from tests.original.wire import Connection, Event, Refusal, connect

__all__ = ["FENCE_ROOM", "Replay"]

Step = dict[str, Any]

FENCE_ROOM = 9001
_FENCE = f'{{"command": "leave", "room": "{FENCE_ROOM}"}}'
_FENCE_ANSWERS: tuple[Event, ...] = (
    {"frame": f'{{"leave": "{FENCE_ROOM}"}}'},
    {"frame": '{"error": "USER_HAS_TO_LOGIN"}'},
    {"pong": "fence"},
)
# Far more than an answer ever takes: a deviation shows as a difference, not as a hang.
_PATIENCE = 30.0


class Replay:
    """
    One session being replayed.

    Args:
        server: The stand-in, with the fence's room in its database.
        session: The recording.

    Attributes:
        heads: The lines of each connection's handshake answer.
        last_key: The session key that the newest connection was opened with.

    """

    def __init__(self, server: OriginalServer, session: dict[str, Any]) -> None:
        self._server = server
        self._session = session
        self._connections: dict[str, Connection] = {}
        # Those on paths where no command is answered, and those in the middle of a message.
        self._unanswered: set[str] = set()
        self._unfinished: set[str] = set()
        self.heads: dict[str, list[str]] = {}
        self.last_key = ""

    async def run(self, act: Callable[[str], Awaitable[None]]) -> list[dict[str, list[Event]]]:
        """
        Replay all steps.

        Args:
            act: Called with the words of each step that no connection does.

        Returns:
            What each connection received after each step; those that received nothing are
            left out.

        """
        seen: list[dict[str, list[Event]]] = []
        steps = self._session["steps"]
        try:
            for step, following in zip(steps, [*steps[1:], {}], strict=True):
                if "action" in step:
                    await act(step["action"])
                if "at once" in self._session["title"] and "end" in following:
                    await self._send(step)
                    seen.append({})
                else:
                    seen.append(await self._take(step))
        finally:
            with trio.CancelScope(shield=True):
                for connection in self._connections.values():
                    await connection.aclose()
        return seen

    async def _take(self, step: Step) -> dict[str, list[Event]]:
        opened: list[Event] = []
        if "connect" in step:
            opened += await self._connect(step)
        elif "not_sent" in step or "action" in step or "note" in step:
            pass
        elif "send" in step:
            await self._send(step)
        elif "raw" in step:
            await self._send_raw(step)
        else:
            await self._end(step)
        counts = {name: len(events) for name, events in step.get("then", {}).items()}
        ending = {name for name, events in step.get("then", {}).items() if "end" in events[-1]}
        if opened:
            del counts[step["who"]]
            if self._logs_in(step):
                ending.add(step["who"])  # it has had its fence
        seen: dict[str, list[Event]] = {}
        with trio.move_on_after(_PATIENCE):
            await self._collect(seen, counts, ending, step.get("who"))
        for name, events in list(seen.items()):
            if events and "end" in events[-1]:
                await self._connections.pop(name).aclose()
        if opened:
            seen[step["who"]] = opened + seen.get(step["who"], [])
        return {name: events for name, events in seen.items() if events}

    async def _collect(
        self,
        seen: dict[str, list[Event]],
        counts: dict[str, int],
        ending: set[str],
        acting: str | None,
    ) -> None:
        """Read what every connection got, up to its fence."""
        if self._unanswered:
            # No command is answered there, so the fence is what the worker answers elsewhere.
            for _ in range(2):
                await trio.to_thread.run_sync(self._server.request, "GET", "/accounts/login/")
        # First the connection that acted: two connections' frames may overtake each other.
        first = [name for name in self._connections if name == acting]
        others = [name for name in self._connections if name != acting]
        for names in (first, others):
            fenced = [name for name in names if name not in ending | self._unfinished]
            for name in fenced:
                if name in self._unanswered:
                    await self._connections[name].send_frame(Opcode.PING, b"fence")
                else:
                    await self._connections[name].send_text(_FENCE)
            for name in names:
                events = seen.setdefault(name, [])
                for _ in range(counts.get(name, 0) + (name in fenced)):
                    events.append(await self._connections[name].next_event())
                    if "end" in events[-1]:
                        break
                if name in fenced and events[-1] in _FENCE_ANSWERS:
                    events.pop()

    async def _connect(self, step: Step) -> list[Event]:
        given = step["connect"]
        who = step["who"]
        try:
            connection = await connect(
                self._server.host,
                self._server.port,
                given["path"].replace("<alice sessionid>", self._server.session("alice")),
                cookie=await self._cookie(given["as"]),
                headers=[(name, value) for name, value in given.get("headers", [])],
                drop=tuple(given.get("drop", ())),
                key=given.get("key"),
                version=given.get("version", "13"),
                method=given.get("method", "GET"),
                http_version=given.get("httpver", "1.1"),
            )
        except Refusal as refusal:
            self.heads[who] = refusal.head
            return [{"refused": int(refusal.head[0].split(" ")[1]), "line": refusal.head[0]}]
        self.heads[who] = connection.head
        self._connections[who] = connection
        path = re.sub("^http://[^/]*", "", unquote(given["path"]))
        if not path.startswith("/chat/stream"):
            self._unanswered.add(who)
        elif self._logs_in(step):
            return [{"open": 101}, *await self._settle(connection)]
        return [{"open": 101}]

    def _logs_in(self, step: Step) -> bool:
        """Say whether a connection has a session that is logged in."""
        identity = step["connect"]["as"]
        return (
            identity in self._server.passwords
            or identity.endswith(("(own fresh session)", "bob's, then alice's"))
            or "session_key=" in step["connect"]["path"]
        )

    async def _settle(self, connection: Connection) -> list[Event]:
        """
        Wait until the worker has seen the connection open.

        Opening and commands travel on different queues, and a busy worker may take a command
        first. The recordings waited 0.2 s; here the fence is asked until the log-in is known.
        Returns what is no answer to it, which should be nothing.
        """
        known, not_yet, _ = _FENCE_ANSWERS
        with trio.fail_after(_PATIENCE):
            answer = not_yet
            while answer == not_yet:
                await connection.send_text(_FENCE)
                answer = await connection.next_event()
        return [] if answer == known else [answer]

    async def _cookie(self, identity: str) -> str | None:
        if identity == "anonymous":
            return None
        if identity == "cookie given":
            odd = re.search("odd Cookie header (.*), then", self._session["title"])
            return odd[1].replace("…", "z") if odd else "sessionid=" + "k" * 32
        if identity == "two sessionid cookies: bob's, then alice's":
            first, second = self._server.session("bob"), self._server.session("alice")
            return f"sessionid={first}; sessionid={second}"
        username, _, how = identity.partition(" ")
        if how == "(own fresh session)":
            key = await trio.to_thread.run_sync(self._server.log_in, username)
        elif how == "(logged-out session)":
            key = await trio.to_thread.run_sync(self._server.log_in, username)
            await trio.to_thread.run_sync(self._server.log_out, key)
        else:
            assert not how
            key = await trio.to_thread.run_sync(self._server.session, username)
        self.last_key = key
        return f"sessionid={key}"

    async def _send(self, step: Step) -> None:
        await self._connections[step["who"]].send_text(expand(step["send"]))

    async def _send_raw(self, step: Step) -> None:
        raw = step["raw"]
        who = step["who"]
        payload = bytes.fromhex(raw["payload_hex"])
        await self._connections[who].send_frame(
            raw["opcode"], payload, fin=raw["fin"], rsv=raw["rsv"], masked=raw["masked"]
        )
        if raw["opcode"] < 8:
            (self._unfinished.discard if raw["fin"] else self._unfinished.add)(who)

    async def _end(self, step: Step) -> None:
        connection = self._connections[step["who"]]
        how, code = step["end"]["how"], step["end"]["code"]
        if how == "clean":
            await connection.send_frame(8, b"" if code is None else code.to_bytes(2, "big"))
            return
        del self._connections[step["who"]]
        if how == "rst":
            await connection.reset()
        else:
            await connection.aclose()
