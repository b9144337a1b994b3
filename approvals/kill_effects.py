"""Tells the floor of people what kill switches stop; registered when Django starts."""

from approvals.selectors.kill import count_stopped
from approvals.services.kill import follow_throw
from tenants.kill_effects import register_effects

register_effects(count_stopped, follow_throw)
