"""Searches of the record that somebody keeps under a name. They hold no result."""

from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from audit.actors import Actor
from audit.models import AuditSearch
from audit.selectors.events import EventFilter
from govapp.common.errors import Conflict, Invalid, NotFound

MOST: Final = 20
LONGEST_NAME: Final = 80


def keep_search(*, actor: Actor, name: str, wanted: EventFilter) -> AuditSearch:
    """Keep a filter for this person under a name.

    Raises `Invalid` without a name or a filter, `Malformed` for a filter that makes no sense, and
    `Conflict` for a name that they have already, or when they keep twenty.
    """
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid(f"Give the search a name of at most {LONGEST_NAME} characters.")
    if not wanted.chosen():
        raise Invalid("Choose a filter first: this would keep everything.")
    wanted.condition()
    mine = AuditSearch.objects.filter(member_id=actor.id)
    if mine.count() >= MOST:
        raise Conflict(f"You keep {MOST} searches; forget one first.")
    try:
        with transaction.atomic():
            return AuditSearch.objects.create(member_id=actor.id, name=name, query=wanted.chosen())
    except IntegrityError as error:
        raise Conflict("You have a search of this name already.") from error


def forget_search(*, actor: Actor, search_id: UUID) -> None:
    """Forget a search of this person. Raises `NotFound` for anybody else's."""
    gone, _ = AuditSearch.objects.filter(pk=search_id, member_id=actor.id).delete()
    if not gone:
        raise NotFound("There is no such search of yours.")
