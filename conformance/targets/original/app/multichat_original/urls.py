"""The pages: rooms, log-in and log-out, admin."""

from django.conf.urls import url
from django.contrib import admin
from django.contrib.auth.views import login, logout

from chat.views import home

urlpatterns = [
    url(r"^$", home, name="home"),
    url(r"^accounts/login/$", login, name="login"),
    url(r"^accounts/logout/$", logout, name="logout"),
    url(r"^admin/", admin.site.urls),
]
