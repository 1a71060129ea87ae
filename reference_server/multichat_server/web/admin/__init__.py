"""The admin, for staff: rooms, users, who is where, announcements, and what was done by whom."""

from starlette.routing import BaseRoute, Route

from multichat_server.web.admin import (
    announcements,
    audit,
    logins,
    members,
    overview,
    rooms,
    users,
)
from multichat_server.web.page import Page
from multichat_server.web.site import Site

__all__ = ["routes"]

_READ = ("GET", "HEAD")


def routes(site: Site) -> list[BaseRoute]:
    """Return which page is where."""
    room, user = rooms.ROOMS + "{room_id}/", users.USERS + "{user_id}/"
    return [
        Route("/admin/", Page(site, overview.show, methods=_READ)),
        Route("/admin/login/", Page(site, overview.log_in, methods=_READ)),
        Route("/admin/audit/", Page(site, audit.show, methods=_READ)),
        Route(rooms.ROOMS, Page(site, rooms.index, methods=_READ)),
        Route(rooms.ROOMS + "add/", Page(site, rooms.add)),
        Route(room + "change/", Page(site, rooms.change)),
        Route(room + "delete/", Page(site, rooms.delete)),
        Route(room + "members/", Page(site, members.show)),
        Route(room + "announce/", Page(site, announcements.announce)),
        Route(users.USERS, Page(site, users.index, methods=_READ)),
        Route(users.USERS + "add/", Page(site, users.add)),
        Route(user + "change/", Page(site, users.change)),
        Route(user + "delete/", Page(site, users.delete)),
        Route(user + "password/", Page(site, logins.password)),
        Route(user + "sessions/", Page(site, logins.sessions)),
    ]
