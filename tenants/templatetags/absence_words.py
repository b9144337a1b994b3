"""Times away in words, for templates."""

from datetime import datetime

from django import template
from django.utils import timezone

from tenants.spans import until_in_words

register = template.Library()


@register.filter
def until_words(ends_at: datetime) -> str:
    """Return the last day of an absence, in the time zone of the page: "14 December 2026"."""
    return until_in_words(ends_at, timezone.get_current_timezone())
