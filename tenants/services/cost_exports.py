"""Taking costs out: whoever does it is in the record."""

from django.db import transaction

from tenants.audit_events import budgets as events
from tenants.models import Membership
from tenants.selectors.costs import Bill


@transaction.atomic
def record_export(*, actor: Membership, bill: Bill, rows: int) -> None:
    """Record that somebody took a month's costs out as a file."""
    events.costs_exported(
        actor=actor, starts=bill.starts_at.isoformat(), ends=bill.ends_at.isoformat(), rows=rows
    )
