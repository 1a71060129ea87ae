"""Everybody's own account: logging in and out."""

from starlette.routing import BaseRoute, Route

from multichat_proto.handshake import LOGIN_PATH, LOGOUT_PATH
from multichat_server.web.accounts import login
from multichat_server.web.page import Page
from multichat_server.web.site import Site

__all__ = ["routes"]


def routes(site: Site) -> list[BaseRoute]:
    """Return which page is where."""
    return [
        Route(LOGIN_PATH, Page(site, login.log_in)),
        Route(LOGOUT_PATH, Page(site, login.log_out)),
    ]
