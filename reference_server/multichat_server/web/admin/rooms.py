"""The rooms: all of them, a new one, and the end of one."""

from typing import Final

from starlette.responses import Response

from multichat_server.storage import InvalidValue
from multichat_server.web import notices
from multichat_server.web.admin.editing import edited_flag, edited_text, sentence
from multichat_server.web.admin.vanished import may_have_vanished
from multichat_server.web.answers import page, redirect
from multichat_server.web.guards import staff_only
from multichat_server.web.page import Visit

__all__ = ["ROOMS", "add", "change", "delete", "index"]

#: The list of rooms, at the original's path.
ROOMS: Final = "/admin/chat/room/"

notices.register(
    {
        "room-added": "The room was added.",
        "room-changed": "The room was changed.",
        "room-unchanged": "Nothing was changed.",
        "room-deleted": "The room was deleted.",
    }
)


@staff_only
async def index(visit: Visit) -> Response:
    """List the rooms, or those that are searched for, and how many are in each."""
    query = visit.query("q")
    found = await visit.site.store.search_rooms(query, page=visit.query_number("page", 1))
    return page(
        visit,
        "admin/rooms.html",
        found=found,
        query=query,
        occupancy=visit.site.chat.occupancy(),
    )


@staff_only
async def add(visit: Visit) -> Response:
    """Add a room."""
    title, is_for_staff, error = "", False, None
    if visit.request.method == "POST":
        title = visit.field("title") or ""
        is_for_staff = visit.field("staff_only") is not None
        try:
            await visit.site.store.add_room(title.strip(), staff_only=is_for_staff, by=visit.actor)
        except InvalidValue as exc:
            error = sentence(exc)
        else:
            await visit.site.changed()
            return redirect(ROOMS, notice="room-added")
    return page(
        visit,
        "admin/room_add.html",
        status=422 if error else 200,
        title=title,
        staff_only=is_for_staff,
        error=error,
    )


@staff_only
@may_have_vanished("room")
async def change(visit: Visit) -> Response:
    """Change a room's title, and for whom it is."""
    store = visit.site.store
    room = await store.room(visit.path_id("room_id"))
    if visit.request.method != "POST":
        return _form(visit, room=room, title=room.title, staff_only=room.staff_only)
    title = edited_text(visit, "title", room.title)
    flag = edited_flag(visit, "staff_only", current=room.staff_only)
    if title.conflict is not None:
        return _form(
            visit,
            status=409,
            room=room,
            title=title.shown,
            staff_only=flag.shown,
            conflict=title.conflict,
        )
    try:
        await store.change_room(room.id, title=title.wanted, staff_only=flag.wanted, by=visit.actor)
    except InvalidValue as exc:
        return _form(
            visit,
            status=422,
            room=room,
            title=title.shown,
            staff_only=flag.shown,
            error=sentence(exc),
        )
    if title.wanted is None and flag.wanted is None:
        return redirect(ROOMS, notice="room-unchanged")
    await visit.site.changed()
    return redirect(ROOMS, notice="room-changed")


@staff_only
@may_have_vanished("room")
async def delete(visit: Visit) -> Response:
    """Ask whether a room is to be deleted, or delete it."""
    room_id = visit.path_id("room_id")
    if visit.request.method == "POST":
        await visit.site.store.delete_room(room_id, by=visit.actor)
        await visit.site.changed()
        return redirect(ROOMS, notice="room-deleted")
    room = await visit.site.store.room(room_id)
    inside = len(visit.site.chat.members(room_id))
    return page(visit, "admin/room_delete.html", room=room, inside=inside)


def _form(
    visit: Visit,
    *,
    status: int = 200,
    error: str | None = None,
    conflict: str | None = None,
    **values: object,
) -> Response:
    return page(
        visit, "admin/room_change.html", status=status, error=error, conflict=conflict, **values
    )
