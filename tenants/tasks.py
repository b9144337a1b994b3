"""Celery's way in: ids in, one call out."""

from smtplib import SMTPException
from uuid import UUID

from celery import shared_task

from tenants.services import budgets
from tenants.services.integration_checks import check_integration as look_at_integration
from tenants.services.vault_rotation import renew_vault as seal_vault_anew
from tenants.transports.email import send_invitation_mail


@shared_task(
    name="tenants.send_invitation",
    autoretry_for=(OSError, SMTPException),
    retry_backoff=2,
    retry_backoff_max=30,
    max_retries=5,
)
def send_invitation(tenant_id: str, invitation_id: str) -> None:
    """Send the mail of one invitation. Tried again for about a minute, then it is for a person."""
    send_invitation_mail(tenant_id=UUID(tenant_id), invitation_id=UUID(invitation_id))


@shared_task(name="tenants.check_integration")
def check_integration(tenant_id: str, integration_id: str) -> None:
    """Do the check of an integration that somebody asked for."""
    look_at_integration(tenant_id=UUID(tenant_id), integration_id=UUID(integration_id))


@shared_task(name="tenants.renew_vault")
def renew_vault(tenant_id: str) -> None:
    """Seal a tenant's secrets anew after its key was replaced."""
    seal_vault_anew(tenant_id=UUID(tenant_id))


@shared_task(name="tenants.reap_reservations")
def reap_reservations() -> None:
    """Give back what is held for those of whom nothing was heard."""
    budgets.reap()
