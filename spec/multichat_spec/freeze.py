"""
Hold a published version still.

``spec/v1.sha256`` names every file of ``spec/v1/`` with its SHA-256, in the form that
``sha256sum --check`` reads from inside ``spec/``. A version is published once that file
exists; from then on a change of any file shows.
"""

import hashlib
from pathlib import Path

__all__ = ["checksums", "differences"]


def checksums(folder: Path) -> str:
    """Return the checksum file's content for a version's folder, sorted by path."""
    lines = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        lines.append(f"{digest}  {file.relative_to(folder.parent).as_posix()}\n")
    return "".join(lines)


def differences(folder: Path, published: str) -> list[str]:
    """Return a sentence for each file that was changed, added or taken away since publication."""
    before, now = _by_name(published), _by_name(checksums(folder))
    return [
        *(f"{name} was changed" for name in before if name in now and before[name] != now[name]),
        *(f"{name} was taken away" for name in before if name not in now),
        *(f"{name} was added" for name in now if name not in before),
    ]


def _by_name(content: str) -> dict[str, str]:
    pairs = (line.split("  ", 1) for line in content.splitlines())
    return {name: digest for digest, name in pairs}
