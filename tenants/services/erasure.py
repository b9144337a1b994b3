"""Erasing a person: from the tables, the login and the record; what they did stays, unnamed."""

from dataclasses import dataclass
from typing import Final

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from audit.merkle.commitments import ERASED
from audit.selectors.held_files import files_words, held_files, keeping
from audit.selectors.holds import find_hold, hold_words, lock_keeping
from audit.selectors.streams import SentAway, sent_away
from audit.selectors.subjects import what_is_held
from audit.services.commitments import address_refs
from audit.services.erasure import Erased, erase_subject
from govapp.common.errors import Conflict, Forbidden
from govapp.common.forgetting import forget_login, forget_text, forget_words, replace_words
from govapp.common.ids import new_id
from tenants import rules
from tenants.doors import logins_elsewhere
from tenants.enums import IntegrationStatus, MemberStatus
from tenants.erasers import ERASERS
from tenants.models import (
    Agent,
    GroupMember,
    Integration,
    Invitation,
    Membership,
    MemberToken,
    User,
)
from tenants.services.checks import clean_text

ERASED_NAME: Final = ERASED["name"]
_NOBODY: Final = "@erased.invalid"


@dataclass(frozen=True)
class Erasure:
    """What an erasure would take away, in words with their number; and why it cannot be yet."""

    member: Membership
    events: int
    counts: tuple[tuple[str, int], ...]
    hindrances: tuple[str, ...]
    kept: str = ""  # files that stay until a legal hold is released, in words
    sent_away: tuple[SentAway, ...] = ()  # what other systems have been sent: not ours to erase


def preview_erasure(*, actor: Membership, member: Membership) -> Erasure:
    """Say what would go, before it goes. Raises `Forbidden`."""
    _require_right(actor, member)
    member = Membership.objects.select_related("user").get(pk=member.pk)
    counts = [
        ("groups", GroupMember.objects.filter(membership=member).count()),
        ("API tokens", MemberToken.objects.filter(member=member).count()),
        *(each for eraser in ERASERS for each in eraser.counts(member)),
    ]
    return Erasure(
        member,
        what_is_held(_refs(member)).events,
        tuple((words, count) for words, count in counts if count),
        tuple(_hindrances(member)),
        _kept_words(),
        tuple(sent_away()),
    )


@transaction.atomic
def erase_person(*, actor: Membership, member: Membership, reason: str) -> Erased:
    """Take a person out of everything that can be read here, for good.

    Their votes and what followed from them stay, as those of "an erased person"; their reasons,
    comments, names and addresses do not, nor do files that were made from the record, except that
    what tells of something under a legal hold waits until the hold is released. The login
    goes with them, or stays with the other accounts that they belong to. Raises `Forbidden`
    (also for oneself), `Invalid` without a reason, and `Conflict` while the person is active or
    something still needs them by name, or a legal hold keeps what they did.
    """
    _require_right(actor, member)
    reason = clean_text(reason, field="reason", at_most=300)
    lock_keeping()
    member = Membership.objects.select_for_update(of=("self",)).select_related("user").get(
        pk=member.pk
    )  # fmt: skip
    if hindrances := _hindrances(member):
        raise Conflict(" ".join(hindrances), code="still_needed")
    name, address, refs = member.user.name, member.user.email, _refs(member)
    refs += [ref for eraser in ERASERS for ref in eraser.subjects(member)]
    for eraser in ERASERS:
        eraser.erase(member)
    GroupMember.objects.filter(membership=member).delete()
    MemberToken.objects.filter(member=member).delete()
    Invitation.objects.filter(email__iexact=address).delete()
    forget_words(member.pk)
    _forget_login(member)
    texts = [(text, ERASED_NAME) for text in (address, name) if text]
    for text, instead in texts:
        forget_text(text, instead=instead)
        reason = replace_words(reason, text, instead)
    return erase_subject(
        actor=actor.as_actor(),
        ref=refs[0],
        also=refs[1:],
        reason=reason,
        what="A person",
        texts=texts,
    )


def is_erased(member: Membership) -> bool:
    """Tell whether a member was erased: then its login is nobody's."""
    return member.user.email.endswith(_NOBODY)


def _refs(member: Membership) -> list[str]:
    return [member.public_id, *address_refs(member.user.email)]


def _require_right(actor: Membership, member: Membership) -> None:
    rules.require(rules.may_erase_people(actor), "Only owners and compliance erase people.")
    if actor.pk == member.pk:
        raise Forbidden("Nobody erases themselves: ask somebody else.")


def _kept_words() -> str:
    held = held_files()
    files = files_words(len(held.reports), len(held.exports))
    return f"{files} with something that {keeping(held.holds)}" if files else ""


def _hindrances(member: Membership) -> list[str]:
    if is_erased(member):
        return ["They were erased before: there is nothing left."]
    found = [sentence for eraser in ERASERS for sentence in eraser.hinders(member)]
    named = [ref for eraser in ERASERS for ref in eraser.subjects(member)]
    if hold := find_hold([*_refs(member), *named]):
        found.append(hold_words(hold))
    if member.status != MemberStatus.SUSPENDED:
        found.append(f"{member.user.name} is active: suspend them first.")
    found.extend(
        f"They own the agent {each.name}: give it to somebody else."
        for each in Agent.objects.filter(owner=member).exclude(status="retired").order_by("name")
    )
    found.extend(
        f"They own the integration {each.name}: give it to somebody else."
        for each in Integration.objects.filter(owner=member).order_by("name")
        if each.status != IntegrationStatus.REVOKED
    )
    return found


def _forget_login(member: Membership) -> None:
    """The membership belongs to a login of nobody; the person's own stays for other accounts."""
    user = member.user
    is_elsewhere = bool(logins_elsewhere.call(user.pk, member.tenant_id))
    nobody = User(email=f"erased-{new_id().hex}{_NOBODY}", name=ERASED_NAME, is_active=False)
    nobody.set_unusable_password()
    if is_elsewhere:
        nobody.save(force_insert=True)
        forget_login(member.pk, nobody.pk)
        return
    for model in (EmailAddress, Authenticator):
        model.objects.filter(user=user).delete()
    sessions = UserSession.objects.filter(user=user)
    Session.objects.filter(session_key__in=sessions.values("session_key")).delete()
    sessions.delete()
    user.email, user.name, user.is_active = nobody.email, nobody.name, False
    user.set_unusable_password()
    user.save()
