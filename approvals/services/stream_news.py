"""A stream of the record was given up: owners and compliance hear of it, whatever they wish."""

from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.dispatch import receiver
from django.urls import reverse

from approvals.enums import NotificationKind
from approvals.services.notifications import notify
from audit.models import AuditStream
from audit.signals import stream_stopped
from tenants.models import Tenant
from tenants.selectors import active_members, is_officer


@receiver(stream_stopped)
def tell_of_stopped_stream(*, stream: AuditStream, at: datetime, **_: Any) -> None:
    """Tell them where it stands and what to do. Inside of the transaction."""
    slug = Tenant.objects.values_list("slug", flat=True).first()
    if slug is None:
        return  # a record of nobody
    page = urljoin(settings.BASE_URL, reverse("stream_detail", args=[slug, stream.public_id]))
    notify(
        active_members().filter(is_officer()),
        kind=NotificationKind.ALERT,
        dedup_key=f"stream-stopped:{stream.pk}:{at:%Y-%m-%dT%H:%M:%S}",
        request=None,
        content={
            "subject": f"The stream {stream.name} was given up",
            "text": f"Events of the record are sent to {stream.host} no more: {stream.last_error}"
            " Nothing is lost: they wait from the place where it stands, until somebody resumes"
            f" it at {page}.",
        },
        now=at,
    )
