"""Telling somebody that they stand in for another person, and when they do not any more."""

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from approvals.enums import NotificationKind
from approvals.services.notifications import notify
from tenants.models import Absence, Membership, Tenant
from tenants.spans import span_in_words

_LISTED: Final = 10


def tell_stand_in(actor: Membership, absences: Sequence[Absence], is_over: bool) -> None:
    """Write one message to the stand-in of these absences, all of one person.

    Nobody can do without it: from then on, what waits for the other one is put to them.
    """
    first = absences[0]
    if first.stand_in is None:
        return
    zone = Tenant.objects.values_list("time_zone", flat=True).get()
    spans = [span_in_words(one.starts_at, one.ends_at, ZoneInfo(zone)) for one in absences]
    name = first.member.user.name
    notify(
        [first.stand_in],
        kind=NotificationKind.ALERT,
        dedup_key=f"stand_in:{first.pk}:{'over' if is_over else 'named'}",
        request=None,
        content=(_over if is_over else _named)(actor, name, _listed(spans), zone),
    )


def _named(actor: Membership, name: str, spans: str, zone: str) -> dict[str, str]:
    return {
        "subject": f"You stand in for {name}",
        "text": f"{name} is away, and you stand in ({zone}):\n{spans}\n\nEntered by"
        f" {actor.user.name}. Meanwhile you are asked for what {name} would be asked for, and"
        " your word counts as theirs. If you cannot, tell them, so that somebody else is named.",
    }


def _over(actor: Membership, name: str, spans: str, zone: str) -> dict[str, str]:
    return {
        "subject": f"You no longer stand in for {name}",
        "text": f"{actor.user.name} changed or cancelled the absence of {name} in which you were"
        f" to stand in ({zone}):\n{spans}",
    }


def _listed(spans: Sequence[str]) -> str:
    more = len(spans) - _LISTED
    return "\n".join([*spans[:_LISTED], *([f"and {more} more"] if more > 0 else [])])
