"""The web pages beside the chat: login, logout, and the list of rooms."""

from multichat_server.web.app import create_app

__all__ = ["create_app"]
