"""Where a message in chat goes, and where it leads: never to a link that decides."""

from django.conf import settings

from approvals.enums import NotificationChannel
from approvals.messages import Message
from approvals.models import Notification
from approvals.selectors.chat import ChatTarget, chat_target
from approvals.transports.failures import PermanentFailure
from govapp.common.errors import NotFound
from tenants.models import Tenant


def target_of(row: Notification, channel: NotificationChannel) -> ChatTarget:
    """Return where the row's person is in a chat. Raises `PermanentFailure` when nowhere."""
    try:
        return chat_target(row.member, channel)
    except NotFound as refusal:
        raise PermanentFailure(refusal.detail) from refusal


def tenant_pages(row: Notification) -> str:
    """Return the address under which the pages of the row's account are. One statement."""
    slug = Tenant.objects.values_list("slug", flat=True).get(pk=row.tenant_id)
    return f"{settings.BASE_URL}/t/{slug}/"


def page_of(message: Message, pages: str) -> str:
    """Return the page that a message leads to, behind a login; "" where there is none.

    Not one of the message's own links: a question's may be its person's review link, and others
    read along in a channel, or hold the device.
    """
    if message.reference:
        return f"{pages}requests/{message.reference}/"
    link = message.link("open")
    return link.url if link is not None and link.url.startswith(pages) else ""
