"""Invitations: a link by e-mail that works once. See `tenants.tokens` for its secret."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden, NotFound
from govapp.common.queue import enqueue_on_commit
from govapp.common.tenancy import bind_tenant
from tenants import rules
from tenants.audit_events import people as events
from tenants.doors import invitation_by_token
from tenants.models import Invitation, Membership, User
from tenants.services.checks import clean_email, clean_roles, clean_text, fault
from tenants.tokens import token_hash, token_of

LIFETIME: Final = timedelta(days=7)


@transaction.atomic
def invite_member(
    *, actor: Membership, email: str, name: str, roles: Iterable[str]
) -> tuple[Invitation, str]:
    """Offer a place to somebody, queue the mail, and return the invitation with its token.

    Raises `Forbidden`, `Invalid`, and `Conflict` when the person is a member or is invited.
    """
    rules.require(rules.may_manage_people(actor), "Only an owner can invite people.")
    email, cleaned = clean_email(email), clean_roles(roles)
    name = clean_text(name, field="name", at_most=200, required=False)
    now = clock.now()
    if Membership.objects.filter(user__email=email).exists():
        raise Conflict(f"{email} is a member already.", code="already_member")
    open_ones = Invitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__gt=now)
    if open_ones.filter(email=email).exists():
        raise Conflict(f"{email} is invited already.", code="already_invited")
    invitation = Invitation(
        email=email, name=name, roles=cleaned, invited_by=actor, expires_at=now + LIFETIME
    )
    token = token_of(invitation.pk)
    invitation.token_hash = token_hash(token)
    invitation.save(force_insert=True)
    events.member_invited(actor=actor, invitation=invitation)
    _queue_mail(invitation)
    return invitation, token


@transaction.atomic
def resend_invitation(*, actor: Membership, invitation: Invitation) -> Invitation:
    """Send the mail again and let the offer run anew. Raises `Forbidden` and `Conflict`."""
    rules.require(rules.may_manage_people(actor), "Only an owner can invite people.")
    invitation = _locked_unanswered(invitation)
    invitation.expires_at = clock.now() + LIFETIME
    invitation.save(update_fields=["expires_at"])
    events.invitation_resent(actor=actor, invitation=invitation)
    _queue_mail(invitation)
    return invitation


@transaction.atomic
def revoke_invitation(*, actor: Membership, invitation: Invitation) -> Invitation:
    """Withdraw an offer; its link stops working. Raises `Forbidden` and `Conflict`."""
    rules.require(rules.may_manage_people(actor), "Only an owner can withdraw an invitation.")
    invitation = _locked_unanswered(invitation)
    invitation.revoked_at = clock.now()
    invitation.save(update_fields=["revoked_at"])
    events.invitation_revoked(actor=actor, invitation=invitation)
    return invitation


def accept_invitation(
    *, token: str, name: str = "", password: str = "", user: User | None = None
) -> Membership:
    """Join with the token of a link, and return the membership.

    A new person sets `name` and `password`. Somebody who has a login already has to be logged in
    as that `user`: a link from a mailbox must not set a password that exists, nor go around a
    second factor. Raises `NotFound` for an unknown token, `Conflict` when it was used, withdrawn
    or has expired, `Forbidden` when a login is needed, `Invalid` for a bad name or password.
    """
    found = invitation_by_token.call(token_hash(token))
    if not found:
        raise NotFound("There is no such invitation.")
    with bind_tenant(found[0]["tenant_id"]), transaction.atomic():
        invitation = _locked_unanswered(Invitation(pk=found[0]["invitation_id"]))
        now = clock.now()
        if invitation.expires_at <= now:
            raise Conflict("This invitation has expired. Ask for a new one.", code="expired")
        person = _person_for(invitation, name=name, password=password, user=user)
        try:
            with transaction.atomic():
                member = Membership.objects.create(user=person, roles=invitation.roles)
        except IntegrityError:
            raise Conflict("You are a member already.", code="already_member") from None
        invitation.accepted_at = now
        invitation.save(update_fields=["accepted_at"])
        events.member_joined(member=member, added_by=None, invitation=invitation)
        return member


def _person_for(invitation: Invitation, *, name: str, password: str, user: User | None) -> User:
    existing = User.objects.filter(email=invitation.email).first()
    if existing is not None:
        if user is None or user.pk != existing.pk:
            raise Forbidden(
                f"{invitation.email} has a login already: log in as {invitation.email} to accept.",
                code="login_needed",
            )
        return existing
    if user is not None:
        raise Forbidden(
            f"You are logged in as {user.email}; this invitation is for {invitation.email}."
            " Log out to accept it.",
            code="other_login",
        )
    name = clean_text(name, field="name", at_most=200)
    try:
        validate_password(password, User(email=invitation.email, name=name))
    except ValidationError as error:
        raise fault("password", " ".join(error.messages)) from None
    person = User.objects.create_user(invitation.email, password, name=name)
    # The link came to this address, so it is proven.
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


def _locked_unanswered(invitation: Invitation) -> Invitation:
    invitation = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("invited_by__user")
        .get(pk=invitation.pk)
    )
    if invitation.accepted_at is not None:
        raise Conflict("This invitation was accepted already.", code="accepted")
    if invitation.revoked_at is not None:
        raise Conflict("This invitation was withdrawn.", code="withdrawn")
    return invitation


def _queue_mail(invitation: Invitation) -> None:
    enqueue_on_commit(
        "tenants.send_invitation",
        tenant_id=invitation.tenant_id,
        invitation_id=invitation.pk,
    )
