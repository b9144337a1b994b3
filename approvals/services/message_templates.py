"""The company's own words in the messages of one kind."""

from typing import Final

from django.db import transaction

from approvals.audit_events import contacts as events
from approvals.enums import NotificationKind
from approvals.message_gaps import faults_of
from approvals.models import MessageTemplate
from govapp.common import clock
from govapp.common.errors import FieldError, Invalid
from govapp.common.text import find_hidden
from tenants import rules
from tenants.models import Membership

LONGEST: Final = {"subject": 200, "opening": 2000, "closing": 2000}


@transaction.atomic
def save_template(
    *, actor: Membership, kind: NotificationKind, subject: str, opening: str, closing: str
) -> MessageTemplate:
    """Set the company's words in messages of this kind; empty ones leave ours. Owners only.

    Raises `Forbidden`, and `Invalid` for a gap that there is not, a text that is too long, and
    characters that nobody sees.
    """
    rules.require(rules.may_change_settings(actor), "Only an owner can change the messages.")
    wanted = {
        "subject": " ".join(subject.split()),
        "opening": _lines(opening),
        "closing": _lines(closing),
    }
    check_words(wanted)
    empty = MessageTemplate(kind=kind, updated_by=actor)
    MessageTemplate.objects.bulk_create([empty], ignore_conflicts=True)
    template = MessageTemplate.objects.select_for_update().get(kind=kind)
    before = {
        name: getattr(template, name)
        for name, text in wanted.items()
        if getattr(template, name) != text
    }
    if before:
        for name in before:
            setattr(template, name, wanted[name])
        template.updated_by, template.updated_at = actor, clock.now()
        template.save(update_fields=[*before, "updated_by", "updated_at"])
        events.message_template_changed(actor=actor, template=template, before=before)
    return template


def check_words(words: dict[str, str]) -> None:
    """Raise `Invalid` when these words could not be sent as they are."""
    errors = [
        FieldError(f"/{name}", fault)
        for name, text in words.items()
        for fault in _faults(name, text)
    ]
    if errors:
        raise Invalid("These words cannot be sent as they are.", errors=errors)


def _faults(name: str, text: str) -> list[str]:
    faults = faults_of(text)
    if len(text) > LONGEST[name]:
        faults.append(f"Write at most {LONGEST[name]} characters.")
    if any(each.kind != "confusable" for each in find_hidden(text)):
        faults.append("It has characters that nobody sees; type it again.")
    return faults


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
