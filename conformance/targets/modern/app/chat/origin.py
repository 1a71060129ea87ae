"""Which pages may open a socket."""

from channels.security.websocket import OriginValidator
from django.conf import settings


class PageOriginValidator(OriginValidator):
    """
    Lets in the pages of this site, and clients that are no browsers.

    Channels' own ``AllowedHostsOriginValidator`` refuses who sends no ``Origin``; but only a
    browser sends one, and there it cannot be left out.
    """

    def __init__(self, application):
        super().__init__(application, settings.ALLOWED_HOSTS)

    def valid_origin(self, parsed_origin):
        """Say whether the parsed ``Origin`` may be; ``None`` if there is none."""
        return parsed_origin is None or self.validate_origin(parsed_origin)
