"""What ``rooms`` does once its command line is read: it asks for the list, and shows it."""

import ssl
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

import httpx2
import msgspec
import trio

from multichat_cli.conversation import Server, too_slow, warn_unencrypted
from multichat_cli.exit_codes import CommandFailed, ExitCode
from multichat_cli.output import Output
from multichat_proto.credentials import cookie_header
from multichat_proto.exceptions import ConnectionFailed, LoginFailed
from multichat_proto.failures import failure_reason
from multichat_proto.login import form_login
from multichat_proto.messages import room_id

__all__ = ["ROOMS_PATH", "list_rooms"]

ROOMS_PATH: Final = "/api/v1/rooms"
"""Where the reference server has the list; v1 has none."""

_MOST_BYTES: Final = 16 * 2**20
"""Longest list that is read: some 100,000 rooms."""


class _Room(msgspec.Struct):
    id: str
    title: str
    staff_only: bool


class _Rooms(msgspec.Struct):
    rooms: list[_Room]


class _Answer(NamedTuple):
    status: int
    kind: str
    body: bytes


async def list_rooms(server: Server, output: Output) -> ExitCode:
    """
    Show the rooms that the user may join, in the server's order.

    Raises:
        CommandFailed: There is no such list, or it does not come; the sentence says why.

    """
    warn_unencrypted(server, output)
    answer = None
    with trio.move_on_after(server.timeout):
        answer = await _ask(server)
    if answer is None:
        raise too_slow(server, "send its rooms")
    for room in _read(answer, server):
        output.show(
            {
                "event": "room",
                "id": int(room.id),
                "title": room.title,
                "staff_only": room.staff_only,
            }
        )
    return ExitCode.OK


async def _ask(server: Server) -> _Answer:
    origin, credentials = server.address.origin, server.credentials
    headers = {"Accept": "application/json"}
    try:
        if credentials is not None:
            cookies = await form_login(server.address, credentials.username, credentials.password)
            headers["Cookie"] = cookie_header(cookies)
        return await _get(origin + ROOMS_PATH, headers, is_secure=server.address.secure)
    except LoginFailed as exc:
        raise CommandFailed(ExitCode.LOGIN_REFUSED, str(exc)) from exc
    except ConnectionFailed as exc:
        raise CommandFailed(ExitCode.CONNECTION, str(exc)) from exc
    except httpx2.RequestError as exc:
        reason = failure_reason(exc)
    # Outside "except": the request hangs on the error, and with it the session's cookie.
    raise CommandFailed(ExitCode.CONNECTION, f"cannot reach {origin}: {reason}")


async def _get(url: str, headers: Mapping[str, str], *, is_secure: bool) -> _Answer:
    body = bytearray()
    async with httpx2.AsyncClient(
        verify=ssl.create_default_context() if is_secure else False,
        trust_env=False,
        follow_redirects=False,
        timeout=None,  # the caller's cancel scope is the timeout
        headers={"User-Agent": "multichat", "Accept-Encoding": "identity"},
    ) as client:
        response = await client.send(client.build_request("GET", url, headers=headers), stream=True)
        try:
            # Cancelled, not left: leaving the loop would leave its generators to the garbage
            # collector. Raw, since a small answer can unpack to a big one.
            with trio.CancelScope() as reading:
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > _MOST_BYTES:
                        reading.cancel()
        finally:
            await response.aclose()
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return _Answer(response.status_code, kind, bytes(body))


def _read(answer: _Answer, server: Server) -> list[_Room]:
    origin, who = server.address.origin, server.username
    match answer.status:
        case HTTPStatus.UNAUTHORIZED:
            raise CommandFailed(
                ExitCode.REFUSED,
                f"the server does not take {who} as logged in"
                if who
                else "the list of rooms is for people with an account: log in with --user",
            )
        case HTTPStatus.SERVICE_UNAVAILABLE | HTTPStatus.TOO_MANY_REQUESTS:
            raise CommandFailed(
                ExitCode.CONNECTION,
                f"the server cannot look up its rooms just now (HTTP {answer.status})",
            )
        case HTTPStatus.OK if answer.kind == "application/json":
            pass
        case _:
            raise CommandFailed(
                ExitCode.PROTOCOL,
                f"{origin} has no list of rooms for programs (GET {ROOMS_PATH}: HTTP "
                f"{answer.status}); a room is joined by its number",
            )
    if len(answer.body) > _MOST_BYTES:
        raise CommandFailed(ExitCode.PROTOCOL, f"the list of rooms at {origin} has no end")
    try:
        rooms = msgspec.json.decode(answer.body, type=_Rooms).rooms
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        rooms = None
    if rooms is None or any(room_id(room.id) is None for room in rooms):
        raise CommandFailed(
            ExitCode.PROTOCOL, f"what {origin} answers at {ROOMS_PATH} is no list of rooms"
        )
    return rooms
