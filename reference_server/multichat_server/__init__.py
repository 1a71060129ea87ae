"""The reference server of multichat: one port, the chat and its pages."""

from multichat_server.config import ConfigError, Settings, load_settings
from multichat_server.engine import Engine
from multichat_server.server import Serving, serve

__all__ = ["ConfigError", "Engine", "Serving", "Settings", "load_settings", "serve"]
