"""The original's page as a stand-in, and the small web server that it comes from."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.house.repository import ROOT

__all__ = ["PageServer", "scripts"]

HERE = Path(__file__).parent
_PACKAGES = ROOT / "build" / "npm" / "node_modules"
_LIBRARIES = (
    _PACKAGES / "jquery" / "dist" / "jquery.js",
    _PACKAGES / "reconnectingwebsocket" / "reconnecting-websocket.js",
)


def scripts() -> dict[str, str]:
    """Return the scripts by name, in the order in which a page loads them; skip without them."""
    if not all(file.exists() for file in _LIBRARIES):
        pytest.skip("no jQuery here (needs npm)")
    return {file.name: file.read_text() for file in (*_LIBRARIES, HERE / "page.js")}


class PageServer:
    """
    Serves the page, on a port and so an origin of its own.

    Args:
        scripts: What it loads.

    """

    def __init__(self, scripts: dict[str, str]) -> None:
        self._scripts = scripts
        #: Where the chat is, as host and port.
        self.chat = ""
        page_server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kind, text = page_server.answer(self.path)
                body = text.encode()
                self.send_response(HTTPStatus.OK)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def origin(self) -> str:
        """What browsers call it."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, path: str) -> tuple[str, str]:
        """Return the type and the text of a path."""
        name = path.removeprefix("/")
        if name in self._scripts:
            return "text/javascript", self._scripts[name]
        return "text/html", (HERE / "index.html").read_text().replace("HOST", self.chat)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
