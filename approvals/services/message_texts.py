"""What a message of each kind says, from the request as it stands when it is sent."""

from dataclasses import dataclass, replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings

from approvals.enums import NotificationChannel, NotificationKind, Purpose, RequestStatus
from approvals.messages import Fact, Link, Message
from approvals.models import ActionRequest, Notification, Requirement
from approvals.obligations import obligations_of
from approvals.policies.obligations import EvaluatedObligations
from approvals.policies.shown import listed
from approvals.selectors.approvers import standing_of
from approvals.selectors.people import Person
from approvals.sensitive import for_message as visible
from approvals.services.links import make_review_link
from approvals.services.locking import ended
from govapp.common.ids import public_id
from tenants.models import Tenant
from tenants.spans import until_in_words

_SUBJECT: Final = 180
_REASON: Final = 1000
_ASKS: Final = {
    NotificationKind.REQUESTED: "Approve or deny",
    NotificationKind.REMINDER: "Reminder, approve or deny",
    NotificationKind.ESCALATED: "Escalated, approve or deny",
}
HINT: Final = (
    "Both links only open the page, where you read, choose and confirm. They are for you alone:"
    " do not forward this message. A reply to it decides nothing."
)
_STEP_UP: Final = (
    "You will be asked for your passkey or a code of your authenticator app, so log in where you"
    " have it at hand."
)
_LOGIN: Final = "You will be asked to log in."
_CHANGED: Final = (
    "changed it while approving it. It is asked about anew; a vote on what it was does not count"
    " any more, and former links are closed."
)
_DRILL: Final = "This is a drill: answer as if it were real, nothing will be executed."


@dataclass(frozen=True)
class Place:
    """What all messages of one company to one person share, read once."""

    tenant: Tenant
    zone: str
    stands_in: bool = False  # whether the person is anybody's stand-in at this moment

    def page(self, path: str) -> str:
        """Return the full address of a page of this company."""
        return f"{settings.BASE_URL}/t/{self.tenant.slug}/{path}"


def write(row: Notification, place: Place) -> Message:
    """Return what this row says in our words. Makes the link of a question."""
    kind, request = NotificationKind(row.kind), row.request
    base = Message(
        ident=public_id("ntf", row.pk),
        kind=kind,
        company=place.tenant.name,
        title="",
        heading="",
        sentence="",
        recipient=row.member.user.get_short_name(),
        footer=f"{place.tenant.name} on Govapp",
    )
    if request is None:
        return _told(row, base)
    base = replace(
        base,
        heading=" ".join(visible(request.summary).split()),
        facts=_facts(request),
        reference=request.public_id,
        footer=f"{base.footer} · {request.public_id}",
        links=(Link("open", "Open the request", place.page(f"requests/{request.public_id}/")),),
        warnings=(_DRILL,) if request.purpose == Purpose.DRILL else (),
    )
    if kind in _ASKS:
        return _question(row, request, base, place)
    if kind == NotificationKind.DECIDED:
        return _decided(request, base)
    if kind == NotificationKind.INFORMED:
        return _informed(row, request, base)
    return _told(row, base)


def _question(row: Notification, request: ActionRequest, base: Message, place: Place) -> Message:
    kind = NotificationKind(row.kind)
    # Only a mailbox is one's own: in chat others may read along, and a device may be lent.
    if row.channel == NotificationChannel.EMAIL:
        link = make_review_link(request=request, member=row.member)
    else:
        link = place.page(f"requests/{request.public_id}/")
    obligations = obligations_of(request)
    rules = Requirement.objects.filter(request=request, replaced_at=None).order_by("rule_id")
    changed_by = one_line(str(row.content.get("changed_by", "")))
    asking = _asking(row, kind, base.recipient)
    return replace(
        base,
        title=one_line(f"{_drill(request)}{_ASKS[kind]}: {request.summary}"),
        sentence=f"{asking} {_for_whom(row, request, place)}".strip(),
        reason=visible(request.reason)[:_REASON],
        notes=tuple(visible(text) for _, text in obligations.notes),
        rules=tuple(visible(each) for each in rules.values_list("sentence", flat=True)),
        warnings=(
            *base.warnings,
            *((f"{changed_by} {_CHANGED}",) if changed_by else ()),
            *_asked_first(obligations),
        ),
        deadline=local_time(request, place.zone),
        links=(
            Link("approve", "Approve…", f"{link}?choice=approve"),
            Link("deny", "Deny…", f"{link}?choice=deny"),
            Link("open", "Read and decide…", link),
        ),
        hint=HINT,
        is_question=True,
    )


def _asked_first(obligations: EvaluatedObligations) -> tuple[str, ...]:
    if obligations.step_up:
        return (_STEP_UP,)
    return (_LOGIN,) if obligations.login else ()


def _for_whom(row: Notification, request: ActionRequest, place: Place) -> str:
    """Say for whom the person is asked, when that is not for themselves, or ""."""
    if not place.stands_in:
        return ""
    words = standing_of(request, row.member).words
    if not words or words[0].by is None:
        return ""
    away = [_absent(word.person, ZoneInfo(place.zone)) for word in words]
    return f"You are asked as stand-in for {listed(away, 'or')}."


def _absent(person: Person, zone: ZoneInfo) -> str:
    until = f" (away until {until_in_words(person.away_until, zone)})" if person.away_until else ""
    return f"{one_line(person.name)}{until}"


def _asking(row: Notification, kind: NotificationKind, name: str) -> str:
    if kind == NotificationKind.REMINDER:
        return f"{name}, this is still waiting for you."
    if kind == NotificationKind.REQUESTED:
        return f"{name}, your approval is needed."
    if row.content.get("is_new", True):
        return f"{name}, this was escalated: you are asked as well now."
    added = row.content.get("added", "")
    to = f" to {added}" if added else ""
    return f"{name}, this was escalated{to}; it is still waiting for you too."


def _decided(request: ActionRequest, base: Message) -> Message:
    word = RequestStatus(request.status).label
    return replace(
        base,
        title=one_line(f"{_drill(request)}{word}: {request.summary}"),
        heading=f"{word}: {base.heading}",
        sentence=f"{visible(ended(request))} Nothing is left for you to do.",
        remark=visible(request.decision_reason),
    )


def _informed(row: Notification, request: ActionRequest, base: Message) -> Message:
    if row.content.get("fell_away"):
        by = one_line(str(row.content.get("changed_by", "Somebody")))
        text = f"{by} changed the action, so your vote on what it was does not count any more."
        return replace(base, title=one_line(f"Changed: {request.summary}"), sentence=text)
    stands = (
        f"{ended(request)} " if not request.is_pending else "It waits for the approval of others. "
    )
    return replace(
        base,
        title=one_line(f"{_drill(request)}For your information: {request.summary}"),
        sentence=(
            f"{base.recipient}, a rule asks that you are told of this. {visible(stands)}"
            "Nobody asks you to do anything."
        ),
        notes=tuple(visible(text) for _, text in obligations_of(request).notes),
    )


def _told(row: Notification, base: Message) -> Message:
    """Say what whoever wrote the row says: `subject`, `text`. A comment is a quotation."""
    content: dict[str, Any] = row.content
    about = f": {row.request.summary}" if row.request else ""
    subject = str(content.get("subject") or f"{row.get_kind_display()}{about}")
    text = visible(str(content.get("text", "")))
    is_quoted = row.kind == NotificationKind.COMMENTED
    return replace(
        base,
        title=one_line(subject),
        heading=visible(subject),
        sentence="" if is_quoted else text,
        remark=text if is_quoted else "",
    )


def _facts(request: ActionRequest) -> tuple[Fact, ...]:
    """Return who asks for what. Not the payload: it is read where its reader is known."""
    category = request.category
    return (
        Fact("Asked by", one_line(request.agent.name)),
        *((Fact("On behalf of", one_line(request.on_behalf_of)),) if request.on_behalf_of else ()),
        Fact("Kind", visible(category.name if category else request.category_key)),
        *((Fact("Risk", category.get_risk_display()),) if category else ()),
    )


def local_time(request: ActionRequest, zone: str) -> str:
    """Return until when a request can be decided, in words of that time zone, or ""."""
    if request.deadline_at is None:
        return ""
    local = request.deadline_at.astimezone(ZoneInfo(zone))
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M} ({zone})"


def one_line(text: str) -> str:
    """Return a text as a subject: one line, at most `_SUBJECT` characters."""
    line = " ".join(visible(text).split())
    return line if len(line) <= _SUBJECT else f"{line[: _SUBJECT - 1]}…"


def _drill(request: ActionRequest) -> str:
    return "Drill: " if request.purpose == Purpose.DRILL else ""
