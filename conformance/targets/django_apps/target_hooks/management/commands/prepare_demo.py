"""``manage.py prepare_demo FILE``: tables, accounts and rooms in an empty database."""

import io
import json

from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Make what a run starts with."""

    help = "Makes the tables, then the accounts and rooms that FILE (JSON) names."

    def add_arguments(self, parser):
        """Take the file's path."""
        parser.add_argument("file")

    def handle(self, *_, **options):
        """Run once, before anything is served."""
        call_command("migrate", interactive=False, verbosity=0)
        with io.open(options["file"], encoding="utf-8") as file:
            demo = json.load(file)
        for account in demo["accounts"]:
            User.objects.create_user(**account)
        for room in demo["rooms"]:
            apps.get_model("chat", "Room").objects.create(**room)
