"""What is rare at a bank and has a page here: somebody away, an emergency, a drill, a canary.

Played into the history like everything else, through the services and at the clock of the day.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from approvals.demo.emergencies import approve_alone, incident, look_back
from approvals.enums import Digest, NotificationChannel, NotificationKind, RequestStatus, Verdict
from approvals.models import ActionCategory, ActionRequest, Exercise
from approvals.services import exercises
from approvals.services.changes import approve_with_changes
from approvals.services.contacts import save_preference
from approvals.services.exercises import Sample
from approvals.services.message_templates import save_template
from approvals.services.saved_filters import save_filter
from approvals.services.submission import Submission, submit_action
from approvals.services.votes import cast_vote
from govapp.common.tenancy import tenant_transaction
from tenants.services.absences import enter_absence, import_calendar
from tenants.services.tenants import update_settings

if TYPE_CHECKING:
    from approvals.demo.history import Player

_PAYMENT: Final[dict[str, Any]] = {
    "amount": "24800.00",
    "currency": "EUR",
    "to": "GB29NWBK60161331926819",
    "payee": "Brightwater Legal",
    "purpose": "invoice",
    "known_payee": True,
    "reference": "Invoice 3380",
}
_CANARY: Final = _PAYMENT | {
    "amount": "249000.00",
    "payee": "Orchid Offshore Holding",
    "purpose": "treasury",
    "known_payee": False,
    "reference": "urgent, confidential",
}
_CALENDAR: Final = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Meridian Bank//Calendar//EN
BEGIN:VEVENT
UID:winter-leave@meridian.example
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:{first}
DTEND;VALUE=DATE:{last}
SUMMARY:Annual leave
TRANSP:OPAQUE
X-MICROSOFT-CDO-BUSYSTATUS:OOF
END:VEVENT
END:VCALENDAR
"""


def plan_hard_cases(player: Player, start: datetime) -> None:
    """Put into the history that begins at `start` what it has room for."""
    now = player.real_now
    for before, action in (
        (timedelta(days=13), _say_how_to_be_told),
        (timedelta(days=12), _plan_a_canary),
        (timedelta(days=9, hours=2), _past_emergency),
        (timedelta(days=3, hours=1), _drill),
        (timedelta(days=1, hours=2), _go_away),
        (timedelta(hours=5), _open_emergency),
        (timedelta(minutes=33), _change_a_payment),
    ):
        if now - before > start:
            _later(player, now - before, action)


def _later(player: Player, moment: datetime, action: Any, *details: Any) -> None:
    def act() -> None:
        with tenant_transaction(player.company.tenant.pk):
            action(player, *details)

    player.later(moment, act)


def _say_how_to_be_told(player: Player) -> None:
    members = player.company.members
    save_preference(
        actor=members["alice"],
        channels=[NotificationChannel.EMAIL],
        quiet_from=time(20),
        quiet_until=time(7),
    )
    save_preference(
        actor=members["charlie"],
        channels=[NotificationChannel.EMAIL],
        digest=Digest.HOURLY,
        time_zone="Europe/London",
    )
    save_filter(member=members["alice"], name="Treasury", query="agent=treasury-agent")
    save_filter(member=members["alice"], name="Critical", query="risk=critical")
    save_filter(member=members["bob"], name="Invoices", query="q=invoice")
    save_template(
        actor=members["olivia"],
        kind=NotificationKind.REQUESTED,
        subject="[Meridian] {summary}",
        opening="{name}, the four-eyes standard asks for your decision. If in doubt, deny.",
        closing="Questions: the desk of the control function, extension 4180.",
    )


def _plan_a_canary(player: Player) -> None:
    carl, tenant = player.company.members["carl"], player.company.tenant
    update_settings(actor=player.company.members["olivia"], tenant=tenant, canaries=True)
    exercises.plan_canary(
        actor=carl,
        name="A payment that nobody ordered",
        sample=_sample(player, "Pay EUR 249,000.00 to Orchid Offshore Holding today", _CANARY),
        every_days=14,
        first_at=player.at + timedelta(hours=1),
    )
    # One of the two looks; the other one agrees within two seconds.
    for hours, first, verdict, seconds in ((2, "erik", "approve", 2), (3, "alice", "deny", 74)):
        _later(player, player.at + timedelta(hours=hours), _answer, first, verdict, seconds)


def _drill(player: Player) -> None:
    summary = "Pay EUR 24,800.00 to Brightwater Legal for invoice 3380"
    exercises.start_drill(
        actor=player.company.members["carl"], sample=_sample(player, summary, _PAYMENT)
    )
    for minutes, first, seconds in ((6, "alice", 41), (17, "bob", 63)):
        moment = player.at + timedelta(minutes=minutes)
        _later(player, moment, _answer, first, "approve", seconds)


def _sample(player: Player, summary: str, payload: dict[str, Any]) -> Sample:
    category = ActionCategory.objects.get(key="payments.transfer")
    reason = "The invoice is due and matches its purchase order."
    agent = player.company.agents["treasury-agent"]
    return Sample(agent, category, summary, payload, reason)


def _answer(player: Player, first: str, verdict: str, seconds: int) -> None:
    """Let this person answer the drill or canary that waits."""
    latest = Exercise.objects.select_related("request").latest("started_at").request
    if latest.status == RequestStatus.PENDING:
        cast_vote(
            member=player.company.members[first],
            request_id=latest.pk,
            verdict=Verdict(verdict),
            payload_digest=latest.payload_digest,
            request_version=latest.version,
            reason="Nobody at treasury knows this payee." if verdict == "deny" else "",
            seconds_viewed=seconds,
        )


def _go_away(player: Player) -> None:
    members, now = player.company.members, player.at
    enter_absence(
        actor=members["erik"],
        member=members["erik"],
        stand_in=members["bob"],
        starts_at=now,
        ends_at=now + timedelta(days=8),
        note="Family leave; reachable by phone until Monday.",
    )
    first = now + timedelta(days=24)
    text = _CALENDAR.format(first=f"{first:%Y%m%d}", last=f"{first + timedelta(days=12):%Y%m%d}")
    ics = text.replace("\n", "\r\n").encode()
    dana = members["dana"]
    import_calendar(actor=dana, member=dana, ics=ics, stand_in=members["alice"])


def _past_emergency(player: Player) -> None:
    alone = approve_alone(player, incident("card-gateway", 212), "charlie")
    _later(player, player.at + timedelta(hours=20), look_back, alone)


def _open_emergency(player: Player) -> None:
    approve_alone(player, incident("core-banking", 1240), "charlie")


def _change_a_payment(player: Player) -> None:
    """Alice halves what is asked for and agrees to that; Risk has still to look."""
    request = submit_action(
        agent=player.company.agents["treasury-agent"],
        submission=Submission(
            category="payments.transfer",
            summary="Pay EUR 38,000.00 to Lumen Office Supplies for invoice 5190",
            payload=_PAYMENT
            | {
                "amount": "38000.00",
                "to": "FR1420041010050500013M02606",
                "payee": "Lumen Office Supplies",
                "reference": "Invoice 5190",
            },
            reason="Invoice 5190 is due on Friday and matches its purchase order.",
        ),
    )
    _later(player, player.at + timedelta(minutes=9), _halve, request)


def _halve(player: Player, request: ActionRequest) -> None:
    approve_with_changes(
        member=player.company.members["alice"],
        request_id=request.pk,
        changes={"amount": "19000.00", "reference": "Invoice 5190, first half"},
        payload_digest=request.payload_digest,
        request_version=request.version,
        summary="Pay EUR 19,000.00 to Lumen Office Supplies, half of invoice 5190",
        reason="Only the first delivery has arrived.",
        seconds_viewed=112,
    )
