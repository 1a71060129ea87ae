"""Where a client may be sent after login or logout: to a path of this server and nowhere else."""

from typing import Final
from urllib.parse import quote

__all__ = ["HOME", "local_path"]

HOME: Final = "/"

# A path that is longer is no page's of ours.
_LONGEST: Final = 2048

# Everything that has a meaning in a path or query; what else there is gets escaped.
_KEPT: Final = "/?#[]@!$&'()*+,;=:%-._~"


def local_path(target: str) -> str:
    r"""
    Return a path that a client asked to be sent to, or the home page if it is not one of ours.

    A browser reads more as another host's address than an URL parser does: ``//host`` and
    ``/\host`` alike, and all of it with tabs and line breaks anywhere between.
    """
    if (
        len(target) > _LONGEST
        or not target.startswith("/")
        or target.startswith("//")
        or "\\" in target
        # Spaces and everything invisible, control characters and lone surrogates among it.
        or any(c == " " or not c.isprintable() for c in target)
    ):
        return HOME
    return quote(target, safe=_KEPT)
