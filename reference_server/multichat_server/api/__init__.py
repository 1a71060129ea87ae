"""What programs ask for, in JSON."""

from starlette.routing import BaseRoute

from multichat_server.web.site import Site

__all__ = ["routes"]


def routes(site: Site) -> list[BaseRoute]:  # noqa: ARG001
    """Return what is where."""
    return []
