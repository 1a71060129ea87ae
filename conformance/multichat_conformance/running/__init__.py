"""A run: what is planned, how each story is told and judged, and what is said at the end."""

from multichat_conformance.running.options import Options
from multichat_conformance.running.run import Run

__all__ = ["Options", "Run"]
