"""
Secrets, and how they are kept out of everything that is written down.

Whatever is secret about a target is told to a :class:`Redactor`; every text that goes into an
event passes through it. What is shorter than four characters cannot be told from ordinary text
and is kept out only where its place is known (the Cookie and Authorization headers, login forms
and hook arguments are never written down with their values).
"""

import html
import json
import threading
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, quote_plus, unquote_plus, urlsplit

__all__ = ["MASK", "Redactor", "shown_url"]

MASK: Final = "‹secret›"
"""What stands in a secret's place."""

_SHORTEST: Final = 4

_SHORTEST_IN_URL: Final = 8
"""Characters of a value in a URL's query from which it is hidden elsewhere, too: a shorter one,
such as ``json``, may be a word."""

_BETWEEN: Final = "\ud800"
"""Half a character, which stands in no text that came in UTF-8."""

_CUT: Final = "… ("
"""What stands where a text was cut; see :func:`multichat_conformance.transcript.shorten`."""


def shown_url(url: str) -> str:
    """Return an address as it may be written down: without the values of its query."""
    head, mark, query = url.partition("?")
    if not mark:
        return url
    names = (name for name, _, _ in (part.partition("=") for part in query.split("&")))
    return f"{head}?{'&'.join(f'{name}={MASK}' for name in names)}"


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

    def hide_query(self, url: str) -> None:
        """Keep the values of an address's query out of all later texts; some servers take keys."""
        query = urlsplit(url).query
        raw = [value for _, _, value in (part.partition("=") for part in query.split("&"))]
        self.hide(*(text for one in raw for text in (one, unquote_plus(one)) if _is_long(one)))

    @property
    def longest(self) -> int:
        """Characters of the longest secret."""
        return len(self._secrets[0]) if self._secrets else 0

    def clean(self, text: str) -> str:
        """Return the text with every secret in it replaced."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return self._clean_cuts(text) if _CUT in text else text

    def clean_all(self, texts: Sequence[str]) -> list[str]:
        """Return the texts with every secret in them replaced: all in one go, which is quicker."""
        # One by one, if a text or a secret holds what should stand between the texts.
        cleaned = self.clean(_BETWEEN.join(texts)).split(_BETWEEN)
        return cleaned if len(cleaned) == len(texts) else [self.clean(text) for text in texts]

    def _clean_cuts(self, text: str) -> str:
        """Replace what is left of a secret where a text was cut within it."""
        *parts, last = text.split(_CUT)
        return _CUT.join([*map(self._without_rest, parts), last])

    def _without_rest(self, part: str) -> str:
        for secret in self._secrets:
            for length in range(len(secret) - 1, _SHORTEST - 1, -1):
                if part.endswith(secret[:length]):
                    return part[:-length] + MASK
        return part


def _is_long(value: str) -> bool:
    return len(value) >= _SHORTEST_IN_URL


def _forms(secret: str) -> set[str]:
    """Return how a secret may stand in what a target sends: in JSON, in a URL, in a page."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe="", errors="replace"),
        quote_plus(secret, errors="replace"),
        html.escape(secret, quote=False),
        html.escape(secret),
    }
