"""
What a person calls the browser that says of itself ``Mozilla/5.0 (X11; Linux x86_64) …``.

Browsers name each other for historical reasons, so the order of the tables matters: Edge says
that it is Chrome and Safari, Chrome that it is Safari, Android that it is Linux. What is in no
table is shown in its own words.
"""

from typing import Final

__all__ = ["device_of"]

_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)

_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


def device_of(user_agent: str) -> str:
    """
    Return a short name of a browser and its system; empty if it says nothing of itself.

    Args:
        user_agent: What it says; it can say what it likes.

    """
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), None)
    if browser is None:
        return user_agent.strip()
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), None)
    return browser if system is None else f"{browser} on {system}"
