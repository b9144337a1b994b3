"""Stages that count business hours where there are none to count, or hardly any."""

from collections.abc import Iterator
from typing import Final

from approvals.linting.lint import Lint, Matter
from approvals.policies.problems import pointer_to
from tenants.models import Tenant
from tenants.office_hours import OfficeHours, public_holidays

_ANY_YEAR: Final = 2026  # whether a country is known does not depend on it


def find_uncounted_hours(matter: Matter) -> Iterator[Lint]:
    """Say of each stage that counts business hours when all hours would count instead."""
    if not (why := _why_uncounted(matter.staff.tenant)):
        return
    for name, flow in matter.policy.flows.items():
        for position, stage in enumerate(flow.stages):
            if stage.counts_business_hours:
                yield Lint(
                    "warning",
                    f"{pointer_to('/flows', name)}/stages/{position}/counting",
                    f"Flow {name}, stage {stage.name}: it counts business hours, but {why};"
                    " all hours count until then, so that its deadline is sooner.",
                )


def _why_uncounted(tenant: Tenant) -> str:
    office = OfficeHours.of(
        tenant.business_days, tenant.business_from, tenant.business_to, tenant.holiday_country
    )
    if not office.is_said:
        return "none are set in the settings"
    if public_holidays(office.holiday_country, _ANY_YEAR) is None:
        return f"the public holidays of {office.holiday_country} are not known here"
    return ""
