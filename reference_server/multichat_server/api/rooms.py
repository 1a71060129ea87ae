"""Rooms, who is in them, and announcements to them."""

import hashlib
from functools import partial
from typing import Final

import msgspec
from msgspec import UNSET
from starlette.requests import Request

from multichat_server.api.caller import identify
from multichat_server.api.errors import Code, Refused
from multichat_server.api.models import (
    Announcement,
    Delivery,
    NewRoom,
    Room,
    RoomChange,
    RoomMembers,
    Rooms,
    RoomsWanted,
    member,
    room,
)
from multichat_server.api.operation import Call, Who, operation
from multichat_server.message_types import announcement_types
from multichat_server.storage import User
from multichat_server.web import announcing
from multichat_server.web.site import Site

__all__ = [
    "add_room",
    "announce",
    "change_room",
    "delete_room",
    "get_room",
    "list_members",
    "list_rooms",
    "put_out",
]

# Of a hash: enough for two states never to be the same by chance.
_REVISION_DIGITS: Final = 24


@operation("GET", "/rooms", who=Who.USERS)
async def list_rooms(call: Call, wanted: RoomsWanted) -> Rooms:
    """
    List the rooms that one may enter, by title.

    With `after` it waits for news, so that a page need not ask again and again.
    """
    # Before anything is looked at, so that nothing is missed.
    change = call.site.chat.next_change
    found = await _rooms(call.site, call.known.user)
    if found.revision != wanted.after:
        return found
    await call.site.waits.wait(change, partial(_client_gone, call.request))
    # Who asked may be somebody else by now, or nobody.
    caller = await identify(call.site, call.request)
    return await _rooms(call.site, caller.user)


@operation("GET", "/rooms/{room_id}", who=Who.USERS, refuses=(Code.ROOM_ACCESS_DENIED,))
async def get_room(call: Call) -> Room:
    """Get a room that one may enter."""
    found = await call.site.store.room(call.room_id)
    if found.staff_only and not call.known.user.is_staff:
        raise Refused(Code.ROOM_ACCESS_DENIED)
    return room(found)


@operation("POST", "/rooms", who=Who.STAFF, location="/rooms/{id}")
async def add_room(call: Call, new: NewRoom) -> Room:
    """Add a room."""
    by = call.known.actor
    added = await call.site.store.add_room(new.title, staff_only=new.staff_only, by=by)
    await call.site.changed()
    return room(added)


@operation("PATCH", "/rooms/{room_id}", who=Who.STAFF)
async def change_room(call: Call, change: RoomChange) -> Room:
    """
    Change a room.

    Members who may not be in it any more are put out at once.
    """
    changed = await call.site.store.change_room(
        call.room_id,
        title=None if change.title is UNSET else change.title,
        staff_only=None if change.staff_only is UNSET else change.staff_only,
        by=call.known.actor,
    )
    await call.site.changed()
    return room(changed)


@operation("DELETE", "/rooms/{room_id}", who=Who.STAFF)
async def delete_room(call: Call) -> None:
    """
    Delete a room.

    Its members are put out at once. No other room ever gets its id.
    """
    await call.site.store.delete_room(call.room_id, by=call.known.actor)
    await call.site.changed()


@operation("GET", "/rooms/{room_id}/members", who=Who.STAFF)
async def list_members(call: Call) -> RoomMembers:
    """List who is in a room, by name."""
    found = await call.site.store.room(call.room_id)
    return RoomMembers([member(each) for each in call.site.chat.members(found.id)])


@operation(
    "DELETE",
    "/rooms/{room_id}/members/{connection}",
    who=Who.STAFF,
    refuses=(Code.NOT_FOUND,),
)
async def put_out(call: Call) -> None:
    """
    Put a member out of a room.

    Nothing keeps it from coming back: for that, take the right away.
    """
    site, connection = call.site, call.path_id("connection")
    found = await site.store.room(call.room_id)
    inside = [each for each in site.chat.members(found.id) if each.connection == connection]
    if not inside:
        raise Refused(Code.NOT_FOUND, "No such connection is in the room.")
    # First the log: what cannot be noted is not done.
    await site.store.audit.record(
        "room.put_out",
        by=call.known.actor,
        subject=found.title,
        subject_id=found.id,
        details={"username": inside[0].username},
    )
    site.chat.put_out(found.id, connection)


@operation(
    "POST",
    "/rooms/{room_id}/announcements",
    who=Who.STAFF,
    refuses=(Code.MESSAGE_TOO_LONG,),
)
async def announce(call: Call, said: Announcement) -> Delivery:
    """Say something to everybody in a room, as a message of another type than people's own."""
    site, by = call.site, call.known.actor
    types = announcement_types(site.settings.message_types)
    if said.msg_type not in {each.number for each in types}:
        known = ", ".join(f"{each.number} ({each.name})" for each in types)
        raise Refused(Code.BODY_INVALID, f"Announcements are of type {known}.")
    if not said.message.strip():
        raise Refused(Code.BODY_INVALID, "An announcement cannot be blank.")
    most = site.settings.max_message_length
    if len(said.message) > most:
        raise Refused(Code.MESSAGE_TOO_LONG, f"A message has at most {most} code points.")
    found = await site.store.room(call.room_id)
    reached = await announcing.announce(site, found, said.msg_type, said.message, by=by)
    return Delivery(delivered_to=reached)


async def _rooms(site: Site, user: User) -> Rooms:
    records = await site.store.rooms()
    rooms = [room(each) for each in records if user.is_staff or not each.staff_only]
    # Of what it says and nothing else, so that it holds on every node and over a restart.
    said = msgspec.json.encode((user.id, user.username, rooms))
    return Rooms(
        rooms, str(user.id), user.username, hashlib.sha256(said).hexdigest()[:_REVISION_DIGITS]
    )


async def _client_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
