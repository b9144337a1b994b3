"""When the times of a stage are due, by the tenant's office where the stage counts its hours."""

from datetime import datetime, timedelta

from approvals.deadlines import Office, due_after
from approvals.facts import zone_of
from approvals.policies import Stage
from tenants.models import Tenant
from tenants.office_hours import OfficeHours


class StageClock:
    """Reads the tenant's office once, and only when a stage counts business hours.

    One is made for each step of a service, so that the deadline of a stage, its reminders and its
    escalations are computed from the same hours, whoever changes the settings meanwhile.
    """

    def __init__(self, office: Office | None = None) -> None:
        self._office = office

    def due(self, stage: Stage, opened: datetime, delay: timedelta) -> datetime:
        """Return when `delay` has passed in a stage that opened then. One statement at most."""
        if not stage.counts_business_hours:
            return opened + delay
        if self._office is None:
            self._office = read_office()
        return due_after(opened, delay, hours=self._office.hours, zone=self._office.zone)


def read_office() -> Office:
    """Return when the tenant's office is open, as the settings say now. One statement."""
    columns = ("time_zone", "business_days", "business_from", "business_to", "holiday_country")
    zone, *hours = Tenant.objects.values_list(*columns).get()
    return Office(OfficeHours.of(*hours), zone_of(zone))
