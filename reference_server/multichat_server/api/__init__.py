"""What programs ask for, in JSON."""

import re

from starlette.routing import BaseRoute, Mount, Route

from multichat_server.api.app import api, failed
from multichat_server.api.operation import PREFIX
from multichat_server.web.site import Site

__all__ = ["PREFIX", "failed", "routes"]


def routes(site: Site) -> list[BaseRoute]:
    """Return what is where: everything below :data:`PREFIX`, also what is not there."""
    app = api(site)
    below = Mount(PREFIX, app)
    # A path may have a line break in it, which "." would not match.
    below.path_regex = re.compile(below.path_regex.pattern, re.DOTALL)
    return [below, Route(PREFIX, app)]
