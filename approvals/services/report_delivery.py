"""A finished report that was scheduled: each of its readers gets a link, never the file."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.dispatch import receiver
from django.urls import reverse

from approvals.enums import NotificationChannel
from approvals.services.direct_messages import queue_direct
from audit.models import Report
from audit.readers import may_report
from audit.reports.kinds import KINDS
from audit.signals import report_finished
from govapp.common.ids import InvalidId, parse_public_id, public_id
from tenants.models import Membership, Tenant


@receiver(report_finished)
def send_links(*, report: Report, recipients: Sequence[str], **_: Any) -> None:
    """Queue a mail to each reader who may still read reports. Inside of the transaction."""
    members = [each for each in map(_parsed, recipients) if each is not None]
    if not members:
        return
    tenant = Tenant.objects.get()
    page = urljoin(settings.BASE_URL, reverse("report_list", args=[tenant.slug]))
    title = KINDS[report.kind].title
    found = Membership.objects.filter(pk__in=members).select_related("user").order_by("id")
    for member in found:
        if not (member.is_active and may_report(member)):
            continue
        queue_direct(
            member=member,
            channel=NotificationChannel.EMAIL,
            subject=f"{title}: {_period(report)}",
            text=(
                f"The {title} of {_period(report)} has been made. It is at {page} (sign in to read"
                f" it). SHA-256: {report.sha256}"
            ),
            dedup_key=f"report:{public_id('rep', report.pk)}:{member.public_id}",
        )


def _parsed(name: str) -> Any:
    try:
        return parse_public_id("mem", name)
    except InvalidId:
        return None


def _period(report: Report) -> str:
    if report.period_start is None or report.period_end is None:
        return "one request"
    last = report.period_end - timedelta(microseconds=1)
    return f"{report.period_start:%Y-%m-%d} to {last:%Y-%m-%d}"
