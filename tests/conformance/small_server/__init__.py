"""
A small, plainly written server of v1, correct in core and hardened, and its faults.

It exists to judge the judge: the suite's checks pass on it, and each named fault of it makes at
least one of them fail. It shares no code with the reference server, nor with the suite.
"""

from tests.conformance.small_server.limits import Limits
from tests.conformance.small_server.running import Running, small_server

__all__ = ["Limits", "Running", "small_server"]
