"""How hypothesis runs here."""

from hypothesis import HealthCheck, settings

# No clock decides whether a test passes, and the machine may be busy with other things.
settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("house")
