"""Reports that are files: when they are written, and what is left when they cannot be."""

from pathlib import Path

import pytest

from multichat_conformance.reports.report import FORMATS, report_to, write_atomically
from tests.conformance.reports import made_up
from tests.conformance.reports.drawing import written


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_holds_the_report(form: str, tmp_path: Path) -> None:
    path = tmp_path / "report"
    report = report_to(path, form)
    for event in made_up.everything():
        report.event(event)
    report.close()
    report.close()

    assert path.read_text(encoding="utf-8") == written(form, made_up.everything())
    assert [each.name for each in tmp_path.iterdir()] == ["report"]


def test_json_lines_grow_as_the_run_goes_on(tmp_path: Path) -> None:
    report = report_to(tmp_path / "run.jsonl", "jsonl")
    report.event(made_up.STARTED)

    assert (tmp_path / "run.jsonl").read_text().count("\n") == 1
    report.close()


@pytest.mark.parametrize("form", sorted(set(FORMATS) - {"jsonl"}))
def test_other_reports_appear_at_once(form: str, tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("old")
    report = report_to(path, form)
    report.event(made_up.STARTED)

    assert path.read_text() == "old"
    report.close()
    assert path.read_text() != "old"


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("place", ["missing/report", "."])
def test_a_place_that_takes_no_file_is_told_at_the_start(
    form: str, place: str, tmp_path: Path
) -> None:
    """Not after minutes of a run."""
    with pytest.raises(OSError, match=r"folder|directory|No such file"):
        report_to(tmp_path / place, form)


def test_a_link_stays_a_link_and_permissions_stay(tmp_path: Path) -> None:
    goal, link = tmp_path / "goal", tmp_path / "link"
    goal.write_text("old")
    goal.chmod(0o640)
    link.symlink_to(goal)

    write_atomically(link, "new")

    assert link.is_symlink()
    assert goal.read_text() == "new"
    assert goal.stat().st_mode & 0o777 == 0o640


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("old")

    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "half of a character: \ud800")

    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1
