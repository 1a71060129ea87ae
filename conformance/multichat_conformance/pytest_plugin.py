"""
The suite as a pytest plugin: ``pytest --pyargs multichat_conformance --multichat-target FILE``.

Every check is a test item, so ``-k``, ``-x``, ``-m``, ``--junitxml`` and xdist do what they do
elsewhere. Clause ids are keywords (``-k MC1-JOIN-07``); profiles and groups are markers
(``-m core``, ``-m "not intrusive"``). ``multichat conformance run`` goes through here, too: see
:func:`multichat_conformance.running.suite.judge`.

With xdist each worker plays a part of the checks in a run of its own; what came of them goes with
the tests' reports to the process that has started the workers, which judges them all.

pytest loads this module in every run of an environment that has it installed, so it imports
nothing of the suite until it is asked for.
"""

import sys
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from multichat_conformance.catalogue import Check
    from multichat_conformance.deviations import Deviations
    from multichat_conformance.events import CheckFinished
    from multichat_conformance.running import Options, Run
    from multichat_conformance.target.model import Target

__all__ = ["RUN", "CheckFailed", "CheckFile", "CheckItem", "current_run"]

_CHECKS: Final = Path(__file__).parent / "checks"
_TARGET: Final = "--multichat-target"
_NO_TARGET: Final = "the checks need a target: add --multichat-target FILE"
# As the suite itself has them, of which nothing is imported here; a test compares them.
_GROUPS: Final = {
    "safe": "well-formed traffic, harmless handshakes, and the hooks of core checks",
    "intrusive": "malformed traffic, misused sessions, and hooks by which hardened checks take "
    "rights away or delete",
    "lifecycle": "stops and starts the server",
    "load": "floods, slow readers and many connections",
}
RUN: Final = pytest.StashKey["Run"]()


class CheckFailed(Exception):
    """A check went against the target; its result says how."""

    def __init__(self, result: "CheckFinished") -> None:
        super().__init__(result.reason)
        self.result = result


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the suite."""
    group = parser.getgroup("multichat", "multichat conformance")
    add = group.addoption
    add(_TARGET, metavar="FILE", help="target file, or the ws:// address of a server")
    add(
        "--multichat-level",
        choices=("core", "hardened"),
        default="hardened",
        help="judge both profiles (hardened, the default) or core alone",
    )
    add(
        "--multichat-profile",
        choices=("none", "quick", "deep"),
        default="quick",
        help="how much model-based testing",
    )
    add(
        "--multichat-group",
        action="append",
        metavar="GROUP",
        choices=("safe", "intrusive", "lifecycle", "load"),
        help="a group of checks that may run; give it once for each",
    )
    add("--multichat-seed", type=int, metavar="N", help="repeat the random choices of a run")
    add(
        "--multichat-patience",
        type=float,
        metavar="SECONDS",
        help="how long to wait for what must come",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    for name, about in (
        ("core", "a check of the profile core"),
        ("hardened", "a check of the profile hardened"),
        *_GROUPS.items(),
    ):
        config.addinivalue_line("markers", f"{name}: {about}")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "CheckFile | None":
    """Collect the checks of a module of the suite."""
    if file_path.parent != _CHECKS or file_path.suffix != ".py" or file_path.stem == "__init__":
        return None
    return CheckFile.from_parent(parent, path=file_path)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Have the process that starts xdist's workers judge what they find."""
    config = session.config
    if not config.pluginmanager.hasplugin("dsession"):
        return
    if not config.getoption(_TARGET):
        if any(map(_names_the_suite, config.args)):
            # Its workers could only crash.
            raise pytest.UsageError(_NO_TARGET)
        return
    from multichat_conformance.running.gathering import Gatherer

    options = _options(config)
    config.stash[RUN] = _run(config, options)
    gatherer = Gatherer(config.stash[RUN], lambda ids: _narrowed(ids, options))
    config.pluginmanager.register(gatherer, "multichat-gatherer")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the checks that are asked for, in the suite's order; see that they have a target."""
    checks = [item for item in items if isinstance(item, CheckItem)]
    if not checks:
        return
    from multichat_conformance.catalogue import catalogue
    from multichat_conformance.running.options import planned

    if RUN not in config.stash:
        options = _options(config)
        wanted = {check.id for check in planned(catalogue(), options)}
        left_out = [item for item in checks if item.check.id not in wanted]
        checks = [item for item in checks if item.check.id in wanted]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
        chosen = {item.check.id for item in checks}
        config.stash[RUN] = _run(config, replace(options, narrowed=_narrowed(chosen, options)))
    place = {check.id: number for number, check in enumerate(catalogue())}
    checks.sort(key=lambda item: place[item.check.id])
    others = [item for item in items if not isinstance(item, CheckItem)]
    items[:] = [*others, *checks]


class CheckFile(pytest.File):
    """A module of checks."""

    def collect(self) -> Iterator["CheckItem"]:
        """Yield its checks, in the order of the module."""
        from multichat_conformance.catalogue import catalogue

        for check in catalogue():
            if check.area == self.path.stem:
                yield CheckItem.from_parent(self, name=check.name, check=check)


class CheckItem(pytest.Item):
    """One check."""

    def __init__(self, *, check: "Check", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.check = check
        # Other plugins take every item for a function and look at it (pytest-trio does).
        self.obj = self.runtest
        self.result: CheckFinished | None = None
        self.extra_keyword_matches.update(check.clauses)
        self.add_marker(check.profile)
        self.add_marker(check.group.value)

    def runtest(self) -> None:
        """Play the check; what came of it decides how the test ends."""
        run = current_run(self.session)
        with _alone_with(run):
            self.result = run.play(self.check)
        _end_test(self.result)

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: Any = None,
    ) -> Any:
        """Show the failure card, or the traceback if the suite itself went wrong."""
        if isinstance(excinfo.value, CheckFailed):
            from multichat_conformance.reports.card import card_of
            from multichat_conformance.reports.card_text import card_text

            return card_text(card_of(excinfo.value.result))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Say where it is and what it is called."""
        return self.path, None, self.check.id


def current_run(session: pytest.Session) -> "Run":
    """Return the run of a session; it begins with the first check."""
    run = session.config.stash[RUN]
    if not run.begun:
        with _alone_with(run):
            run.begin([item.check for item in session.items if isinstance(item, CheckItem)])
    if run.trouble and not _is_worker(session.config):
        from multichat_conformance.outcomes import ExitCode

        # What cannot be tested at all would only be said once for each check.
        pytest.exit(run.trouble, returncode=ExitCode.INCOMPLETE)
    return run


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Have a run know of a check in which the suite itself went wrong, and tell of what came."""
    report = yield
    if not isinstance(item, CheckItem):
        return report
    if call.excinfo is not None and item.result is None:
        exc = call.excinfo.value
        if isinstance(exc, Exception):
            run = item.config.stash[RUN]
            item.result = run.harness_error(item.check, f"{type(exc).__name__}: {exc}")
    if item.result is not None and _is_worker(item.config):
        from multichat_conformance.running.gathering import attach

        attach(report, item.result, item.config.stash[RUN].trouble)
    return report


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """End the run, and a target that the suite has started; the exit code is the run's."""
    config = session.config
    run = config.stash.get(RUN, None)
    if run is None or not (run.begun or run.results):
        return
    # Whoever has had enough failures (-x) has seen what came of the checks so far.
    dsession = config.pluginmanager.getplugin("dsession")
    enough = session.shouldstop or session.shouldfail or getattr(dsession, "shouldstop", False)
    ended = run.finish(interrupted=exitstatus == pytest.ExitCode.INTERRUPTED and not enough)
    if exitstatus == pytest.ExitCode.USAGE_ERROR or _is_worker(config):
        return
    from multichat_conformance.outcomes import ExitCode, Outcome

    left_out = any(result.outcome is Outcome.NOT_TESTED for result in run.results)
    if ended.exit_code == ExitCode.INCOMPLETE and run.options.narrowed and not left_out:
        # Who selects some tests asks pytest about those; the verdict says that it is none.
        return
    if exitstatus == pytest.ExitCode.TESTS_FAILED and ended.exit_code in (
        ExitCode.CONFORMANT,
        ExitCode.INCOMPLETE,
    ):
        # Other people's tests, beside the checks.
        return
    session.exitstatus = ended.exit_code


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the run says of the target."""
    config = terminalreporter.config
    run = config.stash.get(RUN, None)
    if run is None or run.ended is None or _is_worker(config):
        return
    terminalreporter.section("multichat conformance")
    terminalreporter.line(f"core: {run.ended.core}   hardened: {run.ended.hardened}")
    terminalreporter.line(run.ended.sentence)
    for complaint in run.ended.deviations:
        terminalreporter.line(f"deviations file: {complaint}")


def _names_the_suite(argument: str) -> bool:
    """Tell whether an argument of pytest is the suite, or a part of it."""
    place = argument.partition("::")[0]
    suite = _CHECKS.parent
    return place.partition(".")[0] == suite.name or suite in (
        (path := Path(place).resolve()),
        *path.parents,
    )


def _is_worker(config: pytest.Config) -> bool:
    """Tell whether this is one of xdist's workers, whose results others judge."""
    return hasattr(config, "workerinput")


def _options(config: pytest.Config) -> "Options":
    from multichat_conformance.catalogue import Group
    from multichat_conformance.running import Options

    groups = config.getoption("--multichat-group")
    chosen: dict[str, Any] = {
        "level": config.getoption("--multichat-level"),
        "depth": config.getoption("--multichat-profile"),
        "groups": tuple(Group(group) for group in groups) if groups else None,
        "patience": config.getoption("--multichat-patience"),
    }
    if (seed := config.getoption("--multichat-seed")) is not None:
        chosen["seed"] = seed
    return Options(**chosen)


def _narrowed(chosen: Collection[str], options: "Options") -> tuple[str, ...]:
    """Say what pytest has left out of the checks that are asked for, if anything."""
    from multichat_conformance.catalogue import catalogue
    from multichat_conformance.running.options import planned

    whole = {check.id for check in planned(catalogue(), options)}
    if whole <= set(chosen):
        return ()
    return (f"pytest selected {len(whole & set(chosen))} of {len(whole)} checks",)


def _run(config: pytest.Config, options: "Options") -> "Run":
    from multichat_conformance.running import Run

    given = config.getoption(_TARGET)
    if not given:
        raise pytest.UsageError(_NO_TARGET)
    target, asked_as = _target(given)
    return Run(
        target,
        options,
        lambda _: None,
        deviations=_deviations_of(target),
        asked_as=asked_as,
    )


def _target(given: str) -> "tuple[Target, tuple[str, ...]]":
    from multichat_conformance.target.file import TargetFileError, load_target, wrong_url
    from multichat_conformance.target.model import Target

    if given.startswith(("ws://", "wss://")):
        if wrong := wrong_url(given):
            raise pytest.UsageError(wrong)
        return Target(url=given, name=given), (given,)
    try:
        return load_target(Path(given)), ("--target", given)
    except TargetFileError as exc:
        raise pytest.UsageError(str(exc)) from exc


def _deviations_of(target: "Target") -> "Deviations | None":
    from multichat_conformance.deviations import DeviationsError, load_deviations

    if target.deviations is None:
        return None
    try:
        return load_deviations(target.deviations)
    except DeviationsError as exc:
        raise pytest.UsageError(str(exc)) from exc


def _end_test(result: "CheckFinished") -> None:
    from multichat_conformance.outcomes import Outcome

    match result.outcome:
        case Outcome.FAIL | Outcome.UNSTABLE | Outcome.UNEXPECTED_PASS | Outcome.HARNESS_ERROR:
            raise CheckFailed(result)
        case Outcome.EXPECTED_FAILURE:
            pytest.xfail(result.reason)
        case Outcome.NOT_TESTED:
            pytest.skip(f"not tested: {result.reason}")
        case Outcome.NOT_APPLICABLE:
            pytest.skip(f"not applicable: {result.reason}")
        case _:
            pass


@contextmanager
def _alone_with(run: "Run") -> Iterator[None]:
    """
    Hold the target for oneself: several processes (xdist) share its rooms.

    A target that the suite starts is each process's own and needs no lock.
    """
    if run.context.process is not None or sys.platform == "win32":
        yield
        return
    import fcntl
    import hashlib
    import os
    import tempfile

    from multichat_conformance.findings import HarnessError

    name = hashlib.sha256(run.context.target.url.encode()).hexdigest()[:16]
    # Each user's own: nobody may open what another has made in the folder that all share.
    file = Path(tempfile.gettempdir()) / f"multichat-{os.getuid()}-{name}.lock"
    try:
        lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as exc:
        raise HarnessError(f"{file} cannot be locked ({exc.strerror}): remove it") from exc
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
