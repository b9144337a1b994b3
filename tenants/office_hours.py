"""When a tenant's office is open: its days, its hours, and the public holidays of its country."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache, lru_cache
from typing import Final

from tenants.audit_events.words import in_words
from tenants.models import Tenant

WEEK: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_YEARS_KEPT: Final = 512  # of all countries together
_SMALL: Final = frozenset({"and", "of", "the"})


@dataclass(frozen=True)
class OfficeHours:
    """Days 0 (Monday) to 6, from `opens` until before `closes`, in the tenant's own time.

    `holiday_country` is an ISO 3166 code, or empty when public holidays are days like others.
    """

    days: frozenset[int]
    opens: time
    closes: time
    holiday_country: str = ""

    @classmethod
    def of(cls, days: Iterable[int], opens: time, closes: time, country: str) -> "OfficeHours":
        """Return the hours as a tenant's columns hold them."""
        return cls(frozenset(days), opens, closes, country)

    @property
    def is_said(self) -> bool:
        """Whether anybody has said when it is open."""
        return bool(self.days) and self.opens < self.closes

    def is_business_day(self, day: date) -> bool | None:
        """Say whether it opens on this day; None when the country's holidays are not known."""
        holidays = public_holidays(self.holiday_country, day.year)
        if holidays is None:
            return None
        return day.weekday() in self.days and day not in holidays

    def is_open(self, local: datetime) -> bool | None:
        """Say whether it is open at this local time; None when nobody has said.

        None too when the holidays of the country are not known here: a rule that asks cannot be
        evaluated then, and fails closed (domain page, section 3, point 4).
        """
        if not self.is_said:
            return None
        is_business_day = self.is_business_day(local.date())
        if is_business_day is None:
            return None
        return is_business_day and self.opens <= local.time() < self.closes


@lru_cache(maxsize=_YEARS_KEPT)
def public_holidays(country: str, year: int) -> frozenset[date] | None:
    """Return the nationwide public holidays of a year, or None for a country that is not known."""
    if not country:
        return frozenset()
    # Slow to import, and only tenants with a country need it.
    import holidays

    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError:
        return None


@cache
def holiday_countries() -> dict[str, str]:
    """Return the countries whose public holidays are known: ISO 3166 code → English name."""
    from holidays.registry import COUNTRIES

    named = {
        code: " ".join(word if word in _SMALL else word.capitalize() for word in module.split("_"))
        for module, (_, code, *_) in COUNTRIES.items()
    }
    return dict(sorted(named.items(), key=lambda each: each[1]))


def office_words(tenant: Tenant) -> str:
    """Return a tenant's business hours as a person would write them."""
    if not tenant.business_days:
        return "not said"
    days = in_words([WEEK[day] for day in sorted(tenant.business_days)])
    hours = f"{days}, {tenant.business_from:%H:%M} to {tenant.business_to:%H:%M}"
    if not tenant.holiday_country:
        return hours
    country = holiday_countries().get(tenant.holiday_country, tenant.holiday_country)
    return f"{hours}, except public holidays of {country}"
