"""Announcements to a room: warnings, alerts, muted messages, and types of the deployment's own."""

from typing import Final

from starlette.responses import Response

from multichat_server.message_types import announcement_types
from multichat_server.web import announcing, notices
from multichat_server.web.admin.rooms import ROOMS
from multichat_server.web.admin.vanished import may_have_vanished
from multichat_server.web.answers import page, redirect
from multichat_server.web.guards import staff_only
from multichat_server.web.page import Visit

__all__ = ["announce"]

# Browsers count UTF-16 code units, each of which is three bytes of UTF-8 at most, and each of these
# %XX in a form; and what the other fields take.
_ENCODED: Final = 9
_OTHER_FIELDS: Final = 1_024

notices.register(
    {
        "announcement-sent": "The announcement was sent.",
        "announcement-unheard": "Nobody is in the room, so that nobody got the announcement.",
    }
)


@staff_only
@may_have_vanished("room")
async def announce(visit: Visit) -> Response:
    """Send an announcement to a room (MC1-TYPE-03), in the name of whoever sends it."""
    room = await visit.site.store.room(visit.path_id("room_id"))
    settings, chat = visit.site.settings, visit.site.chat
    types = announcement_types(settings.message_types)
    chosen, text = visit.field("msg_type") or "", ""
    type_error = message_error = None
    if visit.request.method == "POST":
        # Browsers send line breaks as two characters.
        text = (visit.field("message") or "").replace("\r\n", "\n")
        numbers = {str(each.number): each.number for each in types}
        if chosen not in numbers:
            type_error = "Choose one of these types."
        if not text.strip():
            message_error = "An announcement cannot be blank."
        elif len(text) > settings.max_message_length:
            message_error = f"An announcement has at most {settings.max_message_length} characters."
        if type_error is None and message_error is None:
            reached = await announcing.announce(
                visit.site, room, numbers[chosen], text, by=visit.actor
            )
            notice = "announcement-sent" if reached else "announcement-unheard"
            return redirect(f"{ROOMS}{room.id}/announce/", notice=notice)
    return page(
        visit,
        "admin/announce.html",
        status=422 if type_error or message_error else 200,
        room=room,
        types=[(each.number, each.name) for each in types],
        chosen=chosen,
        text=text,
        type_error=type_error,
        message_error=message_error,
        inside=len(chat.members(room.id)),
        most=min(settings.max_message_length, _most_in_a_form(settings.http_body_bytes)),
    )


def _most_in_a_form(body_bytes: int) -> int:
    """Return how many characters fit into the body of a form, whichever they are."""
    return max(1, (body_bytes - _OTHER_FIELDS) // _ENCODED)
