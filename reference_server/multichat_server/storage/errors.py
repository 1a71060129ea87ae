"""
What can go wrong with the store, as far as the caller is concerned.

::

    MultichatError
    ├── StoreUnavailable      the database cannot be reached just now (multichat_proto.exceptions)
    └── StoreError
        ├── NameTaken         there is one of that name, or that id, already
        ├── NotFound          there is none of that name or id
        ├── TooMany           there are as many already as may be
        ├── LastStaff         nobody would be left who can administer
        ├── PasswordChanged   the password that was checked is another by now
        ├── RightsChanged     whoever asks for it may not do it any more
        └── InvalidValue      no user, room or database can be called that
"""

from multichat_proto.exceptions import MultichatError

__all__ = [
    "InvalidValue",
    "LastStaff",
    "NameTaken",
    "NotFound",
    "PasswordChanged",
    "RightsChanged",
    "StoreError",
    "TooMany",
]


class StoreError(MultichatError):
    """The store does not do what it was asked for; nothing was changed."""


class NameTaken(StoreError):
    """There is a user of that name, a room of that id, or a user's token of that name, already."""


class NotFound(StoreError):
    """There is no user of that name or id, or no room of that id."""


class TooMany(StoreError):
    """There are as many of these already as one user may have."""


class LastStaff(StoreError):
    """The user is the only one left who is staff and active, and was to stop being that."""


class PasswordChanged(StoreError):
    """The password that was checked is not the user's any more, or the user is not active."""


class RightsChanged(StoreError):
    """The session or token by whose right something was to be done has ended, or carries less."""


class InvalidValue(StoreError):
    """A name, title, id, password or URL is not one that can be used."""
