"""The home page: the rooms that are open to whoever is logged in, and the chat in them."""

import json

from starlette.responses import Response

from multichat_proto.handshake import LOGIN_PATH, STREAM_PATH
from multichat_proto.messages import MsgType
from multichat_server.message_types import announcement_types
from multichat_server.web.answers import page
from multichat_server.web.guards import login_required
from multichat_server.web.page import Visit

__all__ = ["show"]


@login_required
async def show(visit: Visit) -> Response:
    """List the rooms by title, staff rooms to staff only; without a login, ask for one."""
    is_staff = visit.known_user.is_staff
    rooms = [room for room in await visit.site.store.rooms() if is_staff or not room.staff_only]
    # The page's script knows v1's own types, and shows others plainly (MC1-TYPE-04).
    further = {
        str(each.number): each.name
        for each in announcement_types(visit.site.settings.message_types)
        if each.number > max(MsgType)
    }
    return page(
        visit,
        "rooms.html",
        rooms=rooms,
        stream=STREAM_PATH,
        login=LOGIN_PATH,
        message_types=json.dumps(further),
    )
