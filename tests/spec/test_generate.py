"""The generated files are made, compared whole, and held still once published."""

import shutil
from pathlib import Path

import pytest

from multichat_spec.freeze import checksums
from multichat_spec.generate import main

SPEC = Path(__file__).parents[2] / "spec"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A copy of the specification's folder that a test may change."""
    shutil.copytree(SPEC / "v1", tmp_path / "v1")
    return tmp_path


def test_what_is_made_is_current(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("requirements.json", "asyncapi.json"):
        (spec / "v1" / name).unlink()

    assert main(["--spec", str(spec)]) == 0
    assert main(["--spec", str(spec), "--check"]) == 0
    assert capsys.readouterr().out.count("wrote") == 2
    for name in ("requirements.json", "asyncapi.json"):
        assert (spec / "v1" / name).read_bytes() == (SPEC / "v1" / name).read_bytes()


@pytest.mark.parametrize("name", ["requirements.json", "asyncapi.json"])
def test_check_names_the_file_and_leaves_it(
    spec: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = spec / "v1" / name
    file.write_bytes(file.read_bytes()[:-2])
    before = file.read_bytes()

    assert main(["--spec", str(spec), "--check"]) == 1
    assert f"{name} is out of date" in capsys.readouterr().out
    assert file.read_bytes() == before


def test_a_text_without_form_is_no_text(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (spec / "v1" / "README.md").open("a", encoding="utf-8") as file:
        file.write("\nYou MUST.\n")

    assert main(["--spec", str(spec)]) == 1
    assert "MUST outside a clause with an id" in capsys.readouterr().out


def test_an_installed_package_is_not_for_writing(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (spec / "__init__.py").touch()

    with pytest.raises(SystemExit) as stopped:
        main(["--spec", str(spec)])

    assert stopped.value.code == 2
    assert "not for writing" in capsys.readouterr().err


def test_freezing_publishes(spec: Path) -> None:
    assert main(["--spec", str(spec), "--freeze", "v1"]) == 0
    assert (spec / "v1.sha256").read_text(encoding="utf-8") == checksums(spec / "v1")
    assert main(["--spec", str(spec), "--freeze", "v1"]) == 0


def test_a_published_version_is_not_changed(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--spec", str(spec), "--freeze", "v1"])
    published = (spec / "v1.sha256").read_bytes()
    (spec / "v1" / "errors.json").write_bytes((spec / "v1" / "errors.json").read_bytes() + b"\n")
    (spec / "v1" / "state.json").unlink()
    (spec / "v1" / "new.json").touch()

    assert main(["--spec", str(spec), "--freeze", "v1"]) == 1
    said = capsys.readouterr().out
    assert "v1/errors.json was changed" in said
    assert "v1/state.json was taken away" in said
    assert "v1/new.json was added" in said
    assert (spec / "v1.sha256").read_bytes() == published
    assert main(["--spec", str(spec), "--freeze", "v1", "--change-published"]) == 0
    assert (spec / "v1.sha256").read_bytes() != published


def test_what_is_out_of_date_is_not_published(spec: Path) -> None:
    (spec / "v1" / "asyncapi.json").unlink()

    assert main(["--spec", str(spec), "--freeze", "v1"]) == 1
    assert not (spec / "v1.sha256").exists()


def test_a_version_that_is_not_here_is_not_published(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--spec", str(spec), "--freeze", "v9"]) == 1
    assert "v9 is no folder" in capsys.readouterr().out
