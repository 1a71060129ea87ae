"""The processes of the application: daphne does everything, Redis passes the messages on."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from launching.django import DjangoServices

__all__ = ["ModernServices"]


@dataclass
class ModernServices(DjangoServices):
    """
    The running processes.

    Attributes:
        pings: After how many idle seconds daphne sends a ping, and how many more a client has
            to answer it.

    """

    pings: tuple[int, int] = (20, 30)

    def serve(self, listener: socket.socket) -> str:
        """Start daphne."""
        interval, timeout = map(str, self.pings)
        how = ["--fd", str(listener.fileno())]
        how += ["--ping-interval", interval, "--ping-timeout", timeout]
        served = [str(self.plan.python), "-m", "daphne", *how]
        self.start_process(
            "daphne", [*served, "multichat_modern.asgi:application"], listener=listener
        )
        return "daphne"
