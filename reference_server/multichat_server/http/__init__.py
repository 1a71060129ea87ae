"""HTTP on the server's port: h11 in front, an ASGI application behind, upgrades handed over."""

from multichat_server.http.front import STREAM_PATHS, serve_http

__all__ = ["STREAM_PATHS", "serve_http"]
