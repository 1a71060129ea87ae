"""The home page: the rooms that are open to whoever is logged in."""

from starlette.responses import Response

from multichat_server.web.answers import page
from multichat_server.web.guards import login_required
from multichat_server.web.page import Visit

__all__ = ["show"]


@login_required
async def show(visit: Visit) -> Response:
    """List the rooms by title, staff rooms to staff only; without a login, ask for one."""
    is_staff = visit.known_user.is_staff
    rooms = [room for room in await visit.site.store.rooms() if is_staff or not room.staff_only]
    return page(visit, "rooms.html", rooms=rooms)
