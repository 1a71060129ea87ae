"""What programs ask for, in JSON."""

from starlette.routing import BaseRoute, Mount, Route

from multichat_server.api.app import api, failed
from multichat_server.api.operation import PREFIX
from multichat_server.web.site import Site

__all__ = ["PREFIX", "failed", "routes"]


def routes(site: Site) -> list[BaseRoute]:
    """Return what is where: everything below :data:`PREFIX`, also what is not there."""
    app = api(site)
    return [Mount(PREFIX, app), Route(PREFIX, app)]
