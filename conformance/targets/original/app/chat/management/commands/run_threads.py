"""``manage.py run_threads --fd N``: ``runserver`` on a listening socket that is there already."""

import functools

from channels.management.commands import runserver
from daphne.server import Server


class Command(runserver.Command):
    """The server and four worker threads in one process, as ``runserver`` has them."""

    help = "Runs the development server on an inherited, listening socket."

    def add_arguments(self, parser):
        """Take the socket's number and daphne's pings besides all that ``runserver`` takes."""
        super().add_arguments(parser)
        parser.add_argument("--fd", type=int, required=True)
        parser.add_argument("--ping-interval", type=int, default=20)
        parser.add_argument("--ping-timeout", type=int, default=30)

    def handle(self, *args, **options):
        """
        Serve on the inherited socket.

        ``runserver`` has no option for this, and picking a free port beforehand would be a race.
        It looks its server class up in its own module; an inherited socket wins over its port.
        """
        runserver.Server = functools.partial(
            Server,
            file_descriptor=options["fd"],
            ping_interval=options["ping_interval"],
            ping_timeout=options["ping_timeout"],
        )
        options.update(use_reloader=False)
        super().handle(*args, **options)
