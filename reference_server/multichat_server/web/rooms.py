"""The home page: the rooms that are open to whoever is logged in."""

from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from multichat_proto.handshake import LOGIN_PATH
from multichat_server.web.page import Visit
from multichat_server.web.rendering import render

__all__ = ["show"]


async def show(visit: Visit) -> Response:
    """List the rooms by title, staff rooms to staff only; without a login, ask for one."""
    if visit.user is None:
        return RedirectResponse(
            f"{LOGIN_PATH}?next={quote(visit.request.url.path)}", status_code=302
        )
    user = visit.user
    rooms = [
        room for room in await visit.site.store.rooms() if user.is_staff or not room.staff_only
    ]
    return render("rooms.html", values={"user": user, "rooms": rooms})
