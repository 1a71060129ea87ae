"""Plain HTTP requests, for logins and hooks; in a thread, since the library's client blocks."""

import encodings.idna  # noqa: F401  # see below
import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any, Final

import trio

from multichat_conformance.actors.handshake import ssl_context

# Looking up a name imports `encodings.idna`, and logins do that in several threads at once, for
# which the import of a codec is not made: one of them finds it half there (KeyError).

__all__ = ["Response", "WebError", "request"]

LARGEST_BODY: Final = 4 * 1024 * 1024
"""Bytes that are read of a response."""

_STEPS: Final = 3
"""To connect, to send and to receive: whoever sends a byte now and then is not waited for."""


class WebError(Exception):
    """No response came; the text says why."""


@dataclass(frozen=True, slots=True)
class Response:
    """What came back: status, headers and the body as text."""

    status: int
    headers: Message
    text: str

    def json(self) -> Any:
        """Return the body as JSON, or None if it is none."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _tls(url: str, ca_file: Path | None) -> ssl.SSLContext:
    if url.startswith("https:"):
        return ssl_context(str(ca_file) if ca_file else None)
    # None at all would be one with the system's certificates, which take a while to be read.
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        """Follow nothing: where a login leads to is looked at, not gone to."""


async def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    patience: float,
    ca_file: Path | None = None,
) -> Response:
    """
    Send a request and return the response, redirects included.

    Args:
        method: The method.
        url: An address with http or https.
        headers: Of the request.
        body: Of the request.
        patience: Seconds that each step may take.
        ca_file: Certificates to trust instead of the system's.

    Raises:
        WebError: No response came.

    Cancelling abandons the request; its thread ends by itself, at the latest after ``patience``.

    """

    def send() -> Response:
        opener = urllib.request.build_opener(
            _NoRedirect,
            # The target is reached as it is, whatever proxy the environment names.
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=_tls(url, ca_file)),
        )
        asked = urllib.request.Request(url, data=body, headers=dict(headers), method=method)  # noqa: S310  # checked below
        try:
            answer: http.client.HTTPResponse = opener.open(asked, timeout=patience)
        except urllib.error.HTTPError as exc:
            with exc:
                return Response(exc.code, exc.headers, _text(exc.read(LARGEST_BODY)))
        with answer:
            return Response(answer.status, answer.headers, _text(answer.read(LARGEST_BODY)))

    if not url.startswith(("http://", "https://")):
        raise WebError(f"{url} is no HTTP address")
    try:
        with trio.fail_after(_STEPS * patience):
            return await trio.to_thread.run_sync(send, abandon_on_cancel=True)
    except trio.TooSlowError:
        raise WebError(
            f"{method} {url.split('?')[0]} took more than {_STEPS * patience:.0f} s"
        ) from None
    except (OSError, http.client.HTTPException, ValueError) as exc:
        raise WebError(f"{method} {url.split('?')[0]} failed: {exc}") from exc
