"""
Settings: the defaults of a fresh Django 1.10 project, and what the recordings show.

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
DEBUG = True  # as recorded: it decides who serves /static/ and how a 404 looks
ALLOWED_HOSTS = []  # with DEBUG: this machine's names only

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
ROOT_URLCONF = "multichat_original.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [str(BASE_DIR / "chat" / "templates")],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["MULTICHAT_TARGET_DATABASE"],
        # Several workers write session rows into one file.
        "OPTIONS": {"timeout": 30},
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "asgi_redis.RedisChannelLayer",
        "CONFIG": {"hosts": [os.environ["MULTICHAT_TARGET_REDIS"]]},
        "ROUTING": "multichat_original.routing.channel_routing",
    }
}

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_L10N = True
USE_TZ = True
STATIC_URL = "/static/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

# What a room's members are told when somebody enters or leaves.
NOTIFY_USERS_ON_ENTER_OR_LEAVE_ROOMS = os.environ.get("MULTICHAT_TARGET_NOTICES", "1") != "0"
