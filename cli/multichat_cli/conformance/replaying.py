"""Tell a saved story again."""

from pathlib import Path
from typing import NoReturn

import typer

from multichat_cli.conformance.choosing import Chosen
from multichat_cli.conformance.judging import Outputs, closed, emitter, opened
from multichat_cli.conformance.signals import both_signals
from multichat_cli.exit_codes import CommandFailed, ExitCode
from multichat_cli.output import Output
from multichat_conformance.model.replay import StoryError
from multichat_conformance.model.replay import replay as tell_again
from multichat_conformance.outcomes import ExitCode as Judged
from multichat_conformance.running import Options

__all__ = ["replay"]


def replay(file: Path, chosen: Chosen, *, patience: float | None) -> NoReturn:
    """
    Tell a saved story to a target, show what comes of it, and exit.

    Raises:
        CommandFailed: The file holds no story that can be told.
        typer.Exit: Otherwise always.

    """
    reports = opened(Outputs({}))
    code = Judged.INTERRUPTED
    with both_signals():
        try:
            replayed = tell_again(
                file,
                chosen.target,
                emit=emitter(reports),
                options=Options(patience=patience),
                asked_as=chosen.asked_as,
            )
            code = Judged(replayed.finished.exit_code)
        except StoryError as exc:
            raise CommandFailed(ExitCode.USAGE, str(exc)) from exc
        except KeyboardInterrupt:
            raise typer.Exit(code) from None
        finally:
            trouble = closed(reports)
    talk = Output(as_json=False).talk
    talk(replayed.sentence)
    for sentence in trouble:
        talk(f"multichat: {sentence}")
    raise typer.Exit(code)
