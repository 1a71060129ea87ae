"""The admin, for staff."""

from starlette.routing import BaseRoute

from multichat_server.web.site import Site

__all__ = ["routes"]


def routes(site: Site) -> list[BaseRoute]:  # noqa: ARG001
    """Return which page is where."""
    return []
