"""
``manage.py serve_hooks FILE``: prepare the demo, then pull hooks until the input ends.

A line in, a line out, each a JSON object: ``{"hook": NAME, "arguments": {...}}`` is answered by
``{"result": {...}}`` or by ``{"failed": SENTENCE, "status": N}``. One process for all hooks,
because a start of Django takes longer than a hundred of them.
"""

import json
import sys

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, IntegrityError, connection

from target_hooks.hooks import HOOKS, Refused


class Command(BaseCommand):
    """The other end of the hooks' listener."""

    help = "Makes what FILE (JSON) names, then reads hooks from standard input."

    def add_arguments(self, parser):
        """Take the file's path."""
        parser.add_argument("file")

    def handle(self, *_, **options):
        """Say ``{"result": {}}`` once when the database is ready, then answer line by line."""
        answers, sys.stdout = sys.stdout, sys.stderr
        call_command("prepare_demo", options["file"])
        connection.close()
        _say(answers, result={})
        for line in sys.stdin:
            question = json.loads(line)
            try:
                result = HOOKS[question["hook"]](**question["arguments"])
            except (Refused, IntegrityError, OverflowError) as failed:
                _say(answers, failed=str(failed), status=422)
            except DatabaseError as failed:
                _say(answers, failed=str(failed), status=503)
            else:
                _say(answers, result=result or {})
            finally:
                # The file can be taken away between two hooks.
                connection.close()


def _say(answers, **answer):
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
