"""
What the hooks do in a Django target: a function each, with the arguments of the hook.

They change the database as the admin does. Whoever is connected is told nothing.
"""

from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

__all__ = ["HOOKS", "Refused"]


class Refused(Exception):
    """A hook cannot do what it is for; the text is a sentence."""


def make_staff(username):
    """Open staff rooms to a user."""
    _change_user(username, is_staff=True)


def make_plain(username):
    """Take a user's staff rights away."""
    _change_user(username, is_staff=False)


def activate(username):
    """Let a user log in and act again."""
    _change_user(username, is_active=True)


def deactivate(username):
    """Let a user neither log in nor act."""
    _change_user(username, is_active=False)


def rename_user(username, to):
    """Give a user another name."""
    _change_user(username, username=to)


def change_password(username, password):
    """Give a user another password."""
    user = _user(username)
    user.set_password(password)
    user.save()


def create_user(username, password):
    """Add a plain user."""
    User.objects.create_user(username, password=password)


def delete_user(username):
    """Delete a user."""
    _user(username).delete()


def make_staff_room(room):
    """Open a room to staff alone."""
    _change_room(room, staff_only=True)


def make_open_room(room):
    """Open a room to everybody."""
    _change_room(room, staff_only=False)


def create_room(title):
    """Add an open room and return its id."""
    return {"room": str(_rooms().create(title=title).pk)}


def delete_room(room):
    """Delete a room."""
    _room(room).delete()


def announce(room, type, text, username):  # noqa: A002  # it is the argument's name
    """Send a message of another type than a user's to a room's members."""
    if type < 1 or type in (4, 5):
        raise Refused("message type %d is not one for announcements" % type)
    _room(room).send_message(text, _user(username), type)


def expire_session(session):
    """End the time of a session."""
    if not Session.objects.filter(pk=session).update(expire_date=timezone.now()):
        raise Refused("there is no such session")


def _rooms():
    return apps.get_model("chat", "Room").objects


def _room(room):
    found = _rooms().filter(pk=int(room)).first()
    if found is None:
        raise Refused("there is no room %s" % room)
    return found


def _change_room(room, **values):
    if not _rooms().filter(pk=int(room)).update(**values):
        raise Refused("there is no room %s" % room)


def _user(username):
    found = User.objects.filter(username=username).first()
    if found is None:
        raise Refused("there is no user %s" % username)
    return found


def _change_user(name, **values):
    if not User.objects.filter(username=name).update(**values):
        raise Refused("there is no user %s" % name)


HOOKS = {
    hook.__name__: hook
    for hook in (
        make_staff,
        make_plain,
        activate,
        deactivate,
        rename_user,
        change_password,
        create_user,
        delete_user,
        make_staff_room,
        make_open_room,
        create_room,
        delete_room,
        announce,
        expire_session,
    )
}
