"""How properties are checked: as long as a busy machine needs, and without a folder of examples left behind."""

from hypothesis import HealthCheck, settings

settings.register_profile("unhurried", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
