"""The running stand-in as the tests see it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from tests.targets.target import TARGETS, RunningTarget

__all__ = ["RUN", "OriginalServer"]

RUN = TARGETS / "original" / "run.py"


class OriginalServer(RunningTarget):
    """
    A running stand-in.

    Attributes:
        database: Its SQLite file.

    """

    def __init__(self, ready: dict[str, Any], process: subprocess.Popen[str]) -> None:
        super().__init__("original", ready, process)
        self.database = Path(ready["database"])
