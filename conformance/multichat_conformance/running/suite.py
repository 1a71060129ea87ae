"""A whole run as the command line makes it: pytest plays the checks, reports listen."""

from collections.abc import Sequence

from multichat_conformance.deviations import Deviations
from multichat_conformance.events import Event, RunFinished
from multichat_conformance.reports.report import Report
from multichat_conformance.running.options import Options
from multichat_conformance.running.playing import play
from multichat_conformance.running.run import Run
from multichat_conformance.target.model import Target
from multichat_conformance.target.process import TargetProcess

__all__ = ["judge"]


def judge(
    target: Target,
    options: Options,
    reports: Sequence[Report],
    *,
    asked_as: Sequence[str] = (),
    deviations: Deviations | None = None,
    process: TargetProcess | None = None,
) -> RunFinished:
    """
    Play all checks that are asked for, and return the verdict.

    Args:
        target: The server.
        options: What is asked for.
        reports: Are given every event; the caller closes them.
        asked_as: The arguments that named the target, for the commands that repeat a check.
        deviations: What the target is known to do wrong.
        process: The target's process, if it was launched before.

    Interrupting it (Ctrl-C) ends the run with a verdict on what was played.

    """

    def emit(event: Event) -> None:
        for report in reports:
            report.event(event)

    run = Run(target, options, emit, asked_as=asked_as, deviations=deviations, process=process)
    interrupted = play(run)
    if run.ended is None:
        # Nothing was played: no check was chosen, or it was interrupted before the first one.
        if not run.begun:
            run.begin([])
        run.finish(interrupted=interrupted)
    ended = run.ended
    if ended is None:
        raise RuntimeError("a run that was finished has an end")
    return ended
