"""The server under judgement: how it is described, reached, logged in to, changed and started."""

from multichat_conformance.target.model import (
    Account,
    Hooks,
    Limits,
    Login,
    Room,
    Start,
    Target,
)

__all__ = ["Account", "Hooks", "Limits", "Login", "Room", "Start", "Target"]
