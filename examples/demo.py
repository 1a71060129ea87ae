"""
The conformance suite judges the reference server, then a server that is wrong.

Both are started by the suite, on free ports, and end with it. It needs nothing, changes nothing,
and exits with 0 if the first is found right and the second wrong, with 1 if not.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MULTICHAT = [sys.executable, "-m", "multichat_cli"]

RIGHT = Path("conformance/targets/reference/target.toml")
WRONG = Path("examples/broken.toml")
FOUND = "announcements.every-member-sees-who-enters"


def judge(folder: str, target: Path, *options: str) -> int:
    """Show a command as it could be typed, run it, and return its exit code."""
    words = ["conformance", "run", "--target", str(target), *options]
    print(f"\n$ multichat {' '.join(words)}\n", flush=True)
    words[3] = str(ROOT / target)
    # In a folder of its own: what a run keeps for later would stay behind.
    return subprocess.run([*MULTICHAT, *words], check=False, cwd=folder).returncode


def main() -> int:
    """Judge both; return the exit code."""
    began = time.monotonic()
    print("Does a server speak the protocol? First the reference server, started by the suite:")
    with tempfile.TemporaryDirectory() as folder:
        right = judge(folder, RIGHT)
        print("\nNow a server that claims to announce who enters, and does not; one check of it:")
        wrong = judge(folder, WRONG, "--only", FOUND, "--patience", "1")
    if (right, wrong) != (0, 1):
        print(f"\nWENT WRONG: the exit codes are {right} and {wrong}, not 0 and 1", file=sys.stderr)
        return 1
    print(
        f"\nThe first is right, the second is not, in {time.monotonic() - began:.0f} s. "
        "Now yours, in any language:\n\n"
        "  multichat conformance run ws://127.0.0.1:8000/chat/stream/\n\n"
        "docs/conformance.md says more. A server to chat on: multichat serve --demo"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
