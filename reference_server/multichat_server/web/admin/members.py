"""Who is in a room, and putting somebody out of it."""

import re
from typing import Final

from starlette.responses import Response

from multichat_server.web import notices
from multichat_server.web.admin.rooms import ROOMS
from multichat_server.web.admin.vanished import may_have_vanished
from multichat_server.web.answers import page, redirect
from multichat_server.web.guards import staff_only
from multichat_server.web.page import Visit

__all__ = ["show"]

_NUMBER: Final = re.compile(r"[0-9]{1,19}")

notices.register(
    {
        "member-out": "The member was put out of the room.",
        "member-gone": "That member had left the room already.",
    }
)


@staff_only
@may_have_vanished("room")
async def show(visit: Visit) -> Response:
    """List the members of a room, or put one out."""
    room = await visit.site.store.room(visit.path_id("room_id"))
    chat = visit.site.chat
    if visit.request.method != "POST":
        return page(visit, "admin/members.html", room=room, members=chat.members(room.id))

    path = f"{ROOMS}{room.id}/members/"
    number = visit.field("connection") or ""
    connection = int(number) if _NUMBER.fullmatch(number) else None
    here = {member.connection: member for member in chat.members(room.id)}
    member = here.get(connection) if connection is not None else None
    if member is None:
        return redirect(path, notice="member-gone")
    # First, so that nothing is done of which there is no record.
    await visit.site.store.audit.record(
        "room.put_out",
        by=visit.actor,
        subject=room.title,
        subject_id=room.id,
        details={"username": member.username},
    )
    is_out = chat.put_out(room.id, member.connection) is not None
    return redirect(path, notice="member-out" if is_out else "member-gone")
