"""
Settings: the defaults of a fresh Django 5.2 project, and what a chat with Channels needs.

What differs from run to run comes from the environment, which ``run.py`` sets:

* ``MULTICHAT_TARGET_DATABASE``: the SQLite file
* ``MULTICHAT_TARGET_REDIS``: the channel layer's Redis, as a URL
* ``MULTICHAT_TARGET_SECRET_KEY``: signs sessions
* ``MULTICHAT_TARGET_NOTICES``: ``0`` switches ENTER and LEAVE off
"""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = os.environ["MULTICHAT_TARGET_SECRET_KEY"]
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]

INSTALLED_APPS = [
    # Before the admin, which has templates of the same names.
    "target_pages",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "chat",
    "target_hooks",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "multichat_modern.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "chat" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ASGI_APPLICATION = "multichat_modern.asgi.application"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["MULTICHAT_TARGET_DATABASE"],
        "OPTIONS": {
            "timeout": 30,
            # Thrown away at the end: nothing is lost by not waiting for the disk.
            "init_command": "PRAGMA synchronous = OFF",
        },
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            # Channels waits five seconds for a message, and redis-py 8 by default as long for an
            # answer: every connection that is idle for so long would be closed with 1011.
            "hosts": [{"address": os.environ["MULTICHAT_TARGET_REDIS"], "socket_timeout": 30}],
            # The default of 100 messages is for the whole server process, not for a connection.
            "capacity": 1000,
        },
    }
}
# The default hasher takes half a second a log-in.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
STATIC_URL = "static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

# What a room's members are told when somebody enters or leaves.
NOTIFY_USERS_ON_ENTER_OR_LEAVE_ROOMS = os.environ.get("MULTICHAT_TARGET_NOTICES", "1") != "0"
