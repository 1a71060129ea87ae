"""
Who acts in a story: a user with one connection to the target.

:class:`Actor` keeps to RFC 6455 and speaks through trio-websocket; :class:`RawActor` writes its
own WebSocket frames, so that they may be illegal. Both receive, sort and judge alike.
"""

from multichat_conformance.actors.actor import Actor, Received
from multichat_conformance.actors.backdrop import Backdrop
from multichat_conformance.actors.handshake import Handshake
from multichat_conformance.actors.polite import PoliteActor
from multichat_conformance.actors.raw import RawActor

__all__ = ["Actor", "Backdrop", "Handshake", "PoliteActor", "RawActor", "Received"]
