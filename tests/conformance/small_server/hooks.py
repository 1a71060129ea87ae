"""
What the operator of the small server may do to it: the hooks, over HTTP at a port of their own.

The port is another than the chat's, so that a stopped server can be started again.
"""

import json
from collections.abc import Awaitable, Callable, Mapping

import trio

from tests.conformance.small_server.handshake import Request, Response
from tests.conformance.small_server.limits import Limits
from tests.conformance.small_server.requests import Requests, Unreadable
from tests.conformance.small_server.server import Server
from tests.conformance.small_server.store import Account, Room
from tests.conformance.small_server.web import encode

__all__ = ["HOOKS", "Hooks", "Impossible"]


STOP_SECONDS = 6.0
"""How long the operator waits for a stop."""


class Impossible(Exception):
    """A hook was pulled that cannot be done; the text says why."""


class Hooks:
    """The hooks of one server; `start` starts it again, with its data."""

    def __init__(self, server: Server, start: Callable[[], Awaitable[None]]) -> None:
        self._server = server
        self._store = server.store
        self._start = start

    async def pull(self, name: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """
        Do what a hook is for; when it returns, it is done.

        Raises:
            Impossible: It cannot be done.

        """
        hook = HOOKS.get(name)
        if hook is None:
            raise Impossible(f"there is no hook {name!r}")
        try:
            result = await hook(self, **{key: str(value) for key, value in arguments.items()})
        except TypeError as exc:
            raise Impossible(f"the arguments do not fit: {exc}") from exc
        self._server.review.look_again()
        return result or {}

    async def make_staff(self, username: str) -> None:
        self._account(username).is_staff = True

    async def make_plain(self, username: str) -> None:
        self._account(username).is_staff = False

    async def activate(self, username: str) -> None:
        self._account(username).is_active = True

    async def deactivate(self, username: str) -> None:
        self._account(username).is_active = False

    async def rename_user(self, username: str, to: str) -> None:
        if to in self._store.accounts:
            raise Impossible(f"there is a user {to!r} already")
        account = self._store.accounts.pop(self._account(username).username)
        account.username = to
        self._store.accounts[to] = account

    async def change_password(self, username: str, password: str) -> None:
        account = self._account(username)
        account.password = password
        self._store.end_sessions(self._store.sessions_of(account))

    async def create_user(self, username: str, password: str) -> None:
        if username in self._store.accounts:
            raise Impossible(f"there is a user {username!r} already")
        self._store.accounts[username] = Account(username, password)

    async def delete_user(self, username: str) -> None:
        account = self._store.accounts.pop(self._account(username).username)
        account.is_active = False

    async def make_staff_room(self, room: str) -> None:
        self._room(room).staff_only = True

    async def make_open_room(self, room: str) -> None:
        self._room(room).staff_only = False

    async def create_room(self, title: str) -> Mapping[str, object]:
        return {"room": str(self._store.add_room(title).id)}

    async def delete_room(self, room: str) -> None:
        del self._store.rooms[self._room(room).id]

    async def announce(self, room: str, type: str, text: str, username: str) -> None:  # noqa: A002
        self._server.hall.speak(self._room(room).id, int(type), text, username)

    async def expire_session(self, session: str) -> None:
        found = self._store.session(session)
        if found is None:
            raise Impossible("there is no such session")
        self._store.expire(found)

    async def store_away(self) -> None:
        self._store.go_away()

    async def store_back(self) -> None:
        self._store.come_back()

    async def stop(self) -> None:
        # As service managers do: what does not end when it is told to is ended.
        with trio.move_on_after(STOP_SECONDS):
            await self._server.stop()
        if self._server.is_running:
            self._server.die()
            await self._server.stopped()

    async def start(self) -> None:
        if self._server.is_running:
            raise Impossible("it runs")
        await self._start()

    def _account(self, username: str) -> Account:
        if username not in self._store.accounts:
            raise Impossible(f"there is no user {username!r}")
        return self._store.accounts[username]

    def _room(self, room: str) -> Room:
        found = self._store.rooms.get(int(room)) if room.isdecimal() else None
        if found is None:
            raise Impossible(f"there is no room {room!r}")
        return found

    async def serve(self, stream: trio.SocketStream) -> None:
        """Answer one request: ``POST /NAME`` with a JSON object of arguments."""
        async with stream:
            try:
                request, _ = await Requests(Limits(handshake_seconds=10)).read(stream)
                await stream.send_all(encode(await self._answer(request)))
            except (Unreadable, trio.BrokenResourceError):
                return

    async def _answer(self, request: Request) -> Response:
        try:
            arguments = json.loads(request.body or b"{}")
            result = await self.pull(request.path.removeprefix("/"), arguments)
        except (Impossible, ValueError) as exc:
            return Response(400, str(exc))
        return Response(200, json.dumps(result))


Hook = Callable[..., Awaitable[Mapping[str, object] | None]]

HOOKS: Mapping[str, Hook] = {
    hook.__name__: hook
    for hook in (
        Hooks.make_staff,
        Hooks.make_plain,
        Hooks.activate,
        Hooks.deactivate,
        Hooks.rename_user,
        Hooks.change_password,
        Hooks.create_user,
        Hooks.delete_user,
        Hooks.make_staff_room,
        Hooks.make_open_room,
        Hooks.create_room,
        Hooks.delete_room,
        Hooks.announce,
        Hooks.expire_session,
        Hooks.store_away,
        Hooks.store_back,
        Hooks.stop,
        Hooks.start,
    )
}
