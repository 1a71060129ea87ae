"""
What a run looks like: reports made from the event stream of a run, each for its readers.

A report takes the events of :mod:`multichat_conformance.events` one by one and is closed at the
end; see :class:`~multichat_conformance.reports.report.Report`. People read the console, the HTML
file and the Markdown summary, programs JSON Lines, JUnit XML and the badge. A failure looks the
same everywhere: all of them show one :class:`~multichat_conformance.reports.card.Card`.
"""
