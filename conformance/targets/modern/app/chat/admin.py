"""Rooms in the admin."""

from django.contrib import admin

from .models import Room


@admin.register(Room)
class RoomAdmin(admin.ModelAdmin):
    """Made, edited and deleted here."""

    list_display = ["id", "title", "staff_only"]
    list_display_links = ["id", "title"]
