"""Mail of this floor. Called from tasks; the network is used outside of any transaction."""

from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.audit_events.words import role_words
from tenants.models import Invitation, Tenant
from tenants.tokens import token_hash, token_of


def send_invitation_mail(*, tenant_id: UUID, invitation_id: UUID) -> bool:
    """Mail the link of an invitation, and return whether there was one to send.

    The token is derived here and lives in this mail only. Nothing is sent when the invitation
    was answered, withdrawn or has expired, or when the server's secret has changed since.
    Raises what the mail backend raises (`OSError`, `SMTPException`).
    """
    with tenant_transaction(tenant_id):
        now = clock.now()
        invitation = (
            Invitation.objects.select_related("invited_by__user")
            .filter(pk=invitation_id, accepted_at=None, revoked_at=None, expires_at__gt=now)
            .first()
        )
        tenant = Tenant.objects.get()
    token = token_of(invitation_id)
    if invitation is None or bytes(invitation.token_hash) != token_hash(token):
        return False
    context = {
        "invitation": invitation,
        "tenant": tenant,
        "roles": role_words(invitation.roles),
        "link": settings.BASE_URL + reverse("invitation", kwargs={"token": token}),
    }
    message = EmailMultiAlternatives(
        subject=f"{invitation.invited_by.user.name} invites you to {tenant.name} on Govapp",
        body=render_to_string("tenants/email/invitation.txt", context),
        to=[invitation.email],
    )
    message.attach_alternative(
        render_to_string("tenants/email/invitation.html", context), "text/html"
    )
    message.send()
    return True
