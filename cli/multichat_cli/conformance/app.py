"""The commands of ``multichat conformance``; what one needs is loaded when it runs."""

import typer

from multichat_cli.conformance import doctor, init, lookup, replay, run
from multichat_cli.conformance.exit_codes import table

__all__ = ["conformance"]

EPILOG = f"""
Examples:

\b
  multichat conformance run ws://127.0.0.1:8000/chat/stream/
  multichat conformance init
  multichat conformance doctor --target target.toml
  multichat conformance run --target target.toml --junit report.xml
  multichat conformance explain MC1-JOIN-07

An address alone tests what needs no login; a target file says which accounts, rooms, limits and
hooks there are, so that everything can be tested. What is missing is said, never passed over.

Exit codes:

\b
{table()}
"""

conformance = typer.Typer(
    name="conformance",
    help="Judge a server of the protocol, in any language.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
)
conformance.command(epilog=run.EPILOG)(run.run)
conformance.command(epilog=init.EPILOG)(init.init)
conformance.command(epilog=doctor.EPILOG)(doctor.doctor)
conformance.command(name="list", epilog=lookup.LIST_EPILOG)(lookup.list_)
conformance.command(epilog=lookup.EXPLAIN_EPILOG)(lookup.explain)
conformance.command(epilog=lookup.COVERAGE_EPILOG)(lookup.coverage)
conformance.command(epilog=replay.EPILOG)(replay.replay)
conformance.command()(lookup.schema)
