"""Has the floor of people tell stand-ins through this floor; registered when Django starts."""

from approvals.services.stand_in_news import tell_stand_in
from tenants.absence_news import register_teller

register_teller(tell_stand_in)
