"""Everybody's own account: logging in and out, the password, sessions, tokens for bots."""

from starlette.routing import BaseRoute, Route

from multichat_proto.handshake import LOGIN_PATH, LOGOUT_PATH
from multichat_server.web.accounts import login, password, sessions, tokens
from multichat_server.web.page import Page
from multichat_server.web.site import Site

__all__ = ["routes"]


def routes(site: Site) -> list[BaseRoute]:
    """Return which page is where."""
    return [
        Route(LOGIN_PATH, Page(site, login.log_in)),
        Route(LOGOUT_PATH, Page(site, login.log_out)),
        Route(password.PATH, Page(site, password.change)),
        Route(sessions.PATH, Page(site, sessions.show)),
        Route(tokens.PATH, Page(site, tokens.show)),
    ]
