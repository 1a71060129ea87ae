"""Print a report of a made-up run: ``python -m tests.conformance.reports.show console green``."""

import os
import sys

from multichat_conformance.reports.console import ConsoleReport, Verbosity
from multichat_conformance.reports.report import FORMATS, Report
from tests.conformance.reports import made_up

VERBOSITIES: dict[str, Verbosity] = {
    "console": "normal",
    "quiet": "quiet",
    "verbose": "verbose",
}


def main() -> int:
    form = sys.argv[1] if sys.argv[1:] else ""
    name = sys.argv[2] if sys.argv[2:] else "everything"
    if (form not in VERBOSITIES and form not in FORMATS) or name not in made_up.STREAMS:
        print(
            f"usage: show {'|'.join([*VERBOSITIES, *FORMATS])} [{'|'.join(made_up.STREAMS)}]",
            file=sys.stderr,
        )
        return os.EX_USAGE
    report: Report
    if form in VERBOSITIES:
        report = ConsoleReport(sys.stdout, verbosity=VERBOSITIES[form])
    else:
        report = FORMATS[form](sys.stdout)
    for event in made_up.STREAMS[name]():
        report.event(event)
    report.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
