"""When a tenant's office is open: its days, its hours, and the public holidays of its country."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache

_YEARS_KEPT = 512  # of all countries together


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

    def is_open(self, local: datetime) -> bool | None:
        """Say whether it is open at this local time; None when nobody has said.

        None too when the holidays of the country are not known here: a rule that asks cannot be
        evaluated then, and fails closed (domain page, section 3, point 4).
        """
        if not self.days:
            return None
        holidays = public_holidays(self.holiday_country, local.year)
        if holidays is None:
            return None
        is_business_day = local.weekday() in self.days and local.date() not in holidays
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
