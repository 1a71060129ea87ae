"""The chat page's modules that know no page, tested by Node's own test runner."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import multichat_server.web
import multichat_spec

HERE = Path(__file__).parent
MODULES = Path(multichat_server.web.__file__).parent / "static" / "chat"


@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.test.js")))
def test_module(name: str, tmp_path: Path) -> None:
    """Each .test.js passes, and has tests at all."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js here")
    # Only a package.json tells every version of Node that these are modules.
    (tmp_path / "package.json").write_text('{"type": "module"}')
    shutil.copytree(MODULES, tmp_path / "chat")
    for path in HERE.glob("*.js"):
        shutil.copy(path, tmp_path)

    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", name],
        cwd=tmp_path,
        env={**os.environ, "SPEC": str(multichat_spec.root() / "v1")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n# fail 0\n" in done.stdout
    assert "\n# tests 0\n" not in done.stdout


def test_each_module_that_needs_no_page_has_tests() -> None:
    """The others are tested in a browser."""
    tested = {path.name.removesuffix(".test.js") for path in HERE.glob("*.test.js")}
    page = re.compile(r"\b(document|window|history|navigator|location|element)\b[.(]")

    pageless = {path.stem for path in MODULES.glob("*.js") if not page.search(path.read_text())}

    assert tested == pageless
