"""
Coming from Django: the users and rooms of the original's database.

``multichat admin import-django`` is the command line of :func:`read_django` and
:func:`import_django`. The way of the data is :mod:`.source` (opening, read-only), :mod:`.reading`
(which tables, which rows), :mod:`.mapping` (what of it fits our rules),
:mod:`multichat_server.storage.importing` (one transaction) and :mod:`.report` (what became of it).
"""

from multichat_server.django_import.report import Counts, Note, Report
from multichat_server.django_import.running import Source, import_django, read_django
from multichat_server.django_import.source import SourceError

__all__ = ["Counts", "Note", "Report", "Source", "SourceError", "import_django", "read_django"]
