"""From an outbox row to a message in no channel's form, with the company's own words."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from approvals.enums import NotificationKind, RequestStatus
from approvals.message_gaps import fill
from approvals.messages import Fact, Link, LinkRole, Message
from approvals.models import MessageTemplate, Notification
from approvals.routing import OUTCOMES
from approvals.selectors.contacts import ASKING, read_wishes
from approvals.sensitive import for_message as visible
from approvals.services.contacts import stop_url
from approvals.services.message_texts import Place, local_time, one_line, write
from govapp.common.ids import public_id
from tenants.models import Tenant
from tenants.selectors.absences import standing_in_for

__all__ = ["Fact", "Link", "LinkRole", "Message", "compose", "compose_digest", "with_words"]

_STANDING: Final = "You can choose how and when you are told"


def compose(row: Notification) -> Message:
    """Return the message of a claimed row; makes its link. Called in the claim's transaction."""
    return _compose([row])[0]


def compose_digest(rows: Sequence[Notification]) -> Message:
    """Return one message for several rows of one person and channel, questions first."""
    entries = sorted(_compose(rows), key=lambda each: not each.is_question)
    first = rows[0]
    asks = sum(each.is_question for each in entries)
    waiting = f"{asks} waiting for you" if asks else "nothing waits for you"
    stops = [each.stop_url for each in entries if each.stop_url]
    company = entries[0].company
    return Message(
        ident=public_id("ntf", first.pk),
        kind=NotificationKind(first.kind),
        company=company,
        title=f"{company}: {len(entries)} messages, {waiting}",
        heading=f"{len(entries)} messages, {waiting}",
        sentence=f"{entries[0].recipient}, this is what was held for you.",
        recipient=entries[0].recipient,
        links=tuple(link for link in entries[0].links if link.role == "settings"),
        footer=f"{company} on Govapp",
        stop_url=stops[0] if stops else "",
        is_question=bool(asks),
        entries=tuple(entries),
    )


def _compose(rows: Sequence[Notification]) -> list[Message]:
    tenant = Tenant.objects.get(pk=rows[0].tenant_id)
    wishes = read_wishes([rows[0].member_id]).get(rows[0].member_id)
    kinds = {row.kind for row in rows}
    stands_in = not kinds.isdisjoint(ASKING) and bool(standing_in_for(rows[0].member))
    place = Place(tenant, wishes.zone if wishes else tenant.time_zone, stands_in)
    templates = {each.kind: each for each in MessageTemplate.objects.filter(kind__in=kinds)}
    return [_finished(row, place, templates.get(row.kind)) for row in rows]


def _finished(row: Notification, place: Place, template: MessageTemplate | None) -> Message:
    message = write(row, place)
    settings = Link("settings", _STANDING, place.page("me/notifications"))
    message = replace(
        message,
        links=(*message.links, settings),
        stop_url=stop_url(row.member) if row.kind in OUTCOMES else "",
    )
    return with_words(message, template, values_of(row, place)) if template else message


def with_words(message: Message, template: MessageTemplate, values: Mapping[str, str]) -> Message:
    """Return the message with the company's own words around ours."""
    subject = one_line(fill(template.subject, values))
    return replace(
        message,
        title=subject or message.title,
        opening=fill(template.opening, values).strip(),
        closing=fill(template.closing, values).strip(),
    )


def values_of(row: Notification, place: Place) -> dict[str, str]:
    """Return what the gaps of a template stand for in this message."""
    values = {"name": row.member.user.get_short_name(), "company": place.tenant.name}
    request = row.request
    if request is None:
        return values
    category = request.category
    return values | {
        "summary": visible(request.summary),
        "agent": visible(request.agent.name),
        "category": visible(category.name if category else request.category_key),
        "risk": category.get_risk_display().lower() if category else "",
        "reference": request.public_id,
        "deadline": local_time(request, place.zone),
        "status": RequestStatus(request.status).label.lower(),
    }
