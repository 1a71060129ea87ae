"""What is in the archives, and what works from the wheel alone."""

from __future__ import annotations

import json
import subprocess
import tarfile
import urllib.request
import zipfile
from email.parser import Parser
from typing import TYPE_CHECKING

import pytest

from tests.house.repository import ROOT, files, project

if TYPE_CHECKING:
    from tests.wheel.conftest import Archives, Environment

# Building and installing takes seconds, a run in which all of it is new longer.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

VERSION = project()["project"]["version"]
WHEEL = project()["tool"]["hatch"]["build"]["targets"]["wheel"]


def expected_in_wheel() -> set[str]:
    """Every file of the repository that lies in a listed package, where the wheel has it."""
    found = set()
    for package in WHEEL["packages"]:
        inside = WHEEL["sources"].get(package, package.rpartition("/")[2])
        for path in files():
            if ROOT / package in path.parents:
                found.add(f"{inside}/{path.relative_to(ROOT / package).as_posix()}")
    return found


def test_wheel_holds_the_packages_and_nothing_else(archives: Archives) -> None:
    with zipfile.ZipFile(archives.wheel) as wheel:
        names = set(wheel.namelist())
    metadata = {name for name in names if name.startswith(f"multichat-{VERSION}.dist-info/")}

    assert names - metadata == expected_in_wheel()
    assert {name.partition("/")[0] for name in names - metadata} == {
        "multichat_spec",
        "multichat_proto",
        "multichat_server",
        "multichat_conformance",
        "multichat_cli",
    }


def test_wheel_carries_the_specification(archives: Archives) -> None:
    """The JSON of v1 lies inside the package, and says what the repository says."""
    with zipfile.ZipFile(archives.wheel) as wheel:
        errors = wheel.read("multichat_spec/v1/errors.json")
        names = wheel.namelist()

    assert errors == (ROOT / "spec/v1/errors.json").read_bytes()
    assert "multichat_spec/v1/schemas/client/join.json" in names


def test_metadata_says_what_a_user_needs(archives: Archives) -> None:
    with zipfile.ZipFile(archives.wheel) as wheel:
        text = wheel.read(f"multichat-{VERSION}.dist-info/METADATA").decode()
    metadata = Parser().parsestr(text)

    assert metadata["Name"] == "multichat"
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert set(metadata.get_all("Provides-Extra") or ()) == {
        "all",
        "cli",
        "conformance",
        "postgresql",
        "server",
    }


def test_source_archive_can_be_tested(archives: Archives) -> None:
    """It holds every file of the repository, so that `make test` works in it."""
    with tarfile.open(archives.sdist) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}

    assert {path.relative_to(ROOT).as_posix() for path in files()} - names == set()


def test_base_install_is_the_sdk(bare: Environment) -> None:
    """Without extras one can speak the protocol and read its specification."""
    code = (
        "import json, multichat_proto, multichat_spec\n"
        "from multichat_proto.trio import connect\n"
        "print(json.dumps([multichat_proto.__file__, multichat_spec.__file__,"
        " multichat_proto.encode(multichat_proto.Join('1')),"
        " multichat_spec.schema('client/join')['$schema'],"
        " len(list(multichat_spec.errors()))]))"
    )
    done = bare.run("python", "-c", code)

    assert (done.returncode, done.stderr) == (0, "")
    proto, spec, frame, dialect, errors = json.loads(done.stdout)
    assert {proto.startswith(str(bare.folder)), spec.startswith(str(bare.folder))} == {True}
    assert json.loads(frame) == {"command": "join", "room": "1"}
    assert dialect.startswith("https://json-schema.org/draft/2020-12/")
    assert errors > 0


def test_command_without_its_extra_says_what_to_install(bare: Environment) -> None:
    done = bare.run("multichat", "--help")

    assert done.returncode == 1
    assert ".[cli]" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_command_says_its_version(full: Environment) -> None:
    done = full.run("multichat", "--version")

    assert (done.returncode, done.stderr) == (0, "")
    assert VERSION in done.stdout


def test_command_explains_itself(full: Environment) -> None:
    done = full.run("multichat", "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert {"serve", "join", "send", "admin"} <= set(done.stdout.split())


def test_server_starts_answers_and_stops(full: Environment) -> None:
    """A demo server on a free port shows its login page, and ends well when told to."""
    server = subprocess.Popen(
        full.command("multichat", "serve", "--demo", "--port", "0", "--json"),
        cwd=full.empty,
        env=full.environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        assert server.stdout is not None
        events = map(json.loads, iter(server.stdout.readline, ""))
        listening = next(event for event in events if event["event"] == "listening")
        try:
            with urllib.request.urlopen(f"{listening['url']}accounts/login/") as page:  # noqa: S310  # ours
                assert (page.status, b"csrfmiddlewaretoken" in page.read()) == (200, True)
        finally:
            server.terminate()
            server.stdout.read()

    assert server.returncode == 0


def test_installed_versions_fit_together(full: Environment) -> None:
    done = subprocess.run(full.pip("check"), capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
