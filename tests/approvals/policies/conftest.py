"""Hypothesis without deadlines: a busy machine is no failure, and no test here asserts time."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "policies", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("policies")
