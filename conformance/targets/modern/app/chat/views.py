"""The page with the rooms."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import render

from .models import Room


@login_required
def home(request):
    """List all rooms by title, the staff's too: who may enter is decided at join."""
    return render(request, "home.html", {"rooms": Room.objects.order_by("title")})
