"""The first page of the admin: how much there is, who is where, and what was done last."""

import contextlib
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from multichat_proto.handshake import LOGIN_PATH
from multichat_server.storage import NotFound, RoomRecord
from multichat_server.web.admin.audit import described
from multichat_server.web.answers import page
from multichat_server.web.guards import staff_only
from multichat_server.web.page import Visit
from multichat_server.web.redirects import local_path

__all__ = ["log_in", "show"]

_BUSIEST: Final = 8
_LATEST: Final = 8


@staff_only
async def show(visit: Visit) -> Response:
    """Show how much there is of everything."""
    store = visit.site.store
    occupancy = visit.site.chat.occupancy()
    latest = await store.audit.recent(limit=_LATEST)
    return page(
        visit,
        "admin/overview.html",
        rooms=(await store.search_rooms()).total,
        users=(await store.search_users()).total,
        members=sum(occupancy.values()),
        occupied=len(occupancy),
        busiest=await _busiest(visit, occupancy),
        entries=described(latest, visit.site.settings.message_types),
    )


async def log_in(visit: Visit) -> Response:
    """Lead from where the original's admin has its login to the only one there is here."""
    target = local_path(visit.query("next", "/admin/"))
    return RedirectResponse(f"{LOGIN_PATH}?{urlencode({'next': target})}", status_code=302)


async def _busiest(visit: Visit, occupancy: Mapping[int, int]) -> list[tuple[RoomRecord, int]]:
    """Return the rooms with the most members, and how many each has."""
    found: list[tuple[RoomRecord, int]] = []
    for room_id in sorted(occupancy, key=lambda each: (-occupancy[each], each))[:_BUSIEST]:
        # Whoever deletes a room does not wait for this page.
        with contextlib.suppress(NotFound):
            found.append((await visit.site.store.room(room_id), occupancy[room_id]))
    return found
