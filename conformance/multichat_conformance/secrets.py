"""
Secrets, and how they are kept out of everything that is written down.

Whatever is secret about a target is told to a :class:`Redactor`; every text that goes into an
event passes through it. What is shorter than four characters cannot be told from ordinary text
and is kept out only where its place is known (the Cookie and Authorization headers, login forms
and hook arguments are never written down with their values).
"""

import json
import threading
from typing import Final
from urllib.parse import quote, quote_plus

__all__ = ["MASK", "Redactor"]

MASK: Final = "‹secret›"
"""What stands in a secret's place."""

_SHORTEST: Final = 4


class Redactor:
    """Knows the secrets of a run and takes them out of texts."""

    def __init__(self) -> None:
        self._secrets: list[str] = []
        # Stories that are told aside have threads of their own.
        self._learning = threading.Lock()

    def hide(self, *secrets: str | None) -> None:
        """Keep these values out of all later texts."""
        fresh = {
            form
            for secret in secrets
            if secret and len(secret) >= _SHORTEST
            for form in _forms(secret)
        }
        with self._learning:
            # The longest first, so that no part of it is left when a shorter one is in it.
            self._secrets = sorted(fresh | set(self._secrets), key=len, reverse=True)

    @property
    def longest(self) -> int:
        """Characters of the longest secret."""
        return len(self._secrets[0]) if self._secrets else 0

    def clean(self, text: str) -> str:
        """Return the text with every secret in it replaced."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text


def _forms(secret: str) -> set[str]:
    """Return how a secret may stand in what a target sends: as it is, in JSON, in a URL."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe="", errors="replace"),
        quote_plus(secret, errors="replace"),
    }
