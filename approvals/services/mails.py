"""What a message says: the consequence first, who asks, why, and until when."""

from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings

from approvals.enums import NotificationKind, RequestStatus
from approvals.models import ActionRequest, Notification, Requirement
from approvals.obligations import obligations_of
from approvals.services.links import make_review_link
from approvals.services.locking import ended
from approvals.transports.email import Mail
from govapp.common.ids import public_id
from govapp.common.text import find_hidden
from tenants.models import Tenant

_SUBJECT: Final = 180
_ASKS: Final = {
    NotificationKind.REQUESTED: "Approve or deny",
    NotificationKind.REMINDER: "Reminder, approve or deny",
    NotificationKind.ESCALATED: "Escalated, approve or deny",
}


def compose_mail(row: Notification) -> Mail:
    """Return the message of a claimed row; makes its link. Called in the claim's transaction."""
    tenant = Tenant.objects.get(pk=row.tenant_id)
    kind = NotificationKind(row.kind)
    if row.request is None or kind == NotificationKind.ALERT:
        template, subject, context = (
            "alert",
            str(row.content.get("subject", "Alert")),
            {"text": visible(str(row.content.get("text", "")))},
        )
    elif kind == NotificationKind.DECIDED:
        word = RequestStatus(row.request.status).label
        template, subject, context = (
            "decided",
            f"{word}: {row.request.summary}",
            {
                "status": word,
                "ended": visible(ended(row.request)),
                "reason": visible(row.request.decision_reason),
            },
        )
    elif kind == NotificationKind.INFORMED:
        template, subject, context = (
            "informed",
            f"For your information: {row.request.summary}",
            {"stands": visible(_stands(row)), **_notes(row.request)},
        )
    else:
        template, subject = "asked", f"{_ASKS[kind]}: {row.request.summary}"
        context = _question(row, row.request, tenant)
    shared = {"tenant": tenant, "name": row.member.user.get_short_name()}
    if row.request is not None:
        shared |= _about(row.request, tenant)
    return Mail(
        ident=public_id("ntf", row.pk),
        to=row.member.user.email,
        subject=_one_line(subject),
        template=template,
        context=shared | context,
    )


def _question(row: Notification, request: ActionRequest, tenant: Tenant) -> dict[str, Any]:
    link = make_review_link(request=request, member=row.member)
    rules = Requirement.objects.filter(request=request, replaced_at=None).order_by("rule_id")
    return {
        "kind": row.kind,
        "approve_url": f"{link}?choice=approve",
        "deny_url": f"{link}?choice=deny",
        "rules": [visible(sentence) for sentence in rules.values_list("sentence", flat=True)],
        "deadline": _local(request, tenant),
        **_notes(request),
        "is_step_up": obligations_of(request).step_up,
        "changed_by": row.content.get("changed_by", ""),
        "added": row.content.get("added", ""),
        "is_new": row.content.get("is_new", True),
    }


def _stands(row: Notification) -> str:
    request = row.request
    if request is None:
        return ""
    if row.content.get("fell_away"):
        by = row.content.get("changed_by", "Somebody")
        return f"{by} changed the action, so your vote on what it was does not count any more."
    if request.is_pending:
        return "It waits for the approval of others. Nobody asks you to do anything."
    return f"{ended(request)} Nobody asks you to do anything."


def _notes(request: ActionRequest) -> dict[str, Any]:
    return {"notes": [visible(text) for _, text in obligations_of(request).notes]}


def _about(request: ActionRequest, tenant: Tenant) -> dict[str, Any]:
    category = request.category
    return {
        "summary": visible(request.summary),
        "agent": visible(request.agent.name),
        "on_behalf_of": visible(request.on_behalf_of),
        "reason_given": visible(request.reason[:1000]),
        "category": category.name if category else request.category_key,
        "risk": category.get_risk_display() if category else "",
        "reference": request.public_id,
        "page_url": f"{settings.BASE_URL}/t/{tenant.slug}/requests/{request.public_id}/",
    }


def _local(request: ActionRequest, tenant: Tenant) -> str:
    if request.deadline_at is None:
        return ""
    local = request.deadline_at.astimezone(ZoneInfo(tenant.time_zone))
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M} ({tenant.time_zone})"


def visible(text: str) -> str:
    """Return an agent's words with what cannot be seen written out: ⟨U+202E⟩."""
    parts, last = [], 0
    for hidden in find_hidden(text):
        if hidden.kind == "confusable":
            continue
        parts.append(f"{text[last : hidden.index]}⟨U+{ord(text[hidden.index]):04X}⟩")
        last = hidden.index + 1
    return "".join(parts) + text[last:]


def _one_line(text: str) -> str:
    line = " ".join(visible(text).split())
    return line if len(line) <= _SUBJECT else f"{line[: _SUBJECT - 1]}…"
