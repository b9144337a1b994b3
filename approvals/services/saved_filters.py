"""What a person wants to find again in their inbox."""

from typing import Final
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django.db import transaction

from approvals.models import SavedFilter
from govapp.common.errors import FieldError, Invalid, NotFound
from tenants.models import Membership

MOST_KEPT: Final = 20
_NAME_CHARACTERS: Final = 60
_QUERY_CHARACTERS: Final = 500
_KEPT: Final = ("tab", "q", "risk", "agent")


@transaction.atomic
def save_filter(*, member: Membership, name: str, query: str) -> SavedFilter:
    """Keep a narrowed inbox under a name; the same name again replaces it.

    `query` is what the address says; what is no filter of the inbox is left out. Raises `Invalid`.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= _NAME_CHARACTERS or "\0" in name:
        raise _fault("/name", f"Write a name of 1 to {_NAME_CHARACTERS} characters.")
    kept = [(key, value) for key, value in parse_qsl(query) if key in _KEPT and value]
    text = urlencode(sorted(kept))
    if not [key for key, _ in kept if key != "tab"]:
        raise _fault("/query", "Choose a filter first; without one this is the whole inbox.")
    if len(text) > _QUERY_CHARACTERS:
        raise _fault("/query", "These filters are too long to keep.")
    mine = SavedFilter.objects.filter(member=member)
    if mine.exclude(name=name).count() >= MOST_KEPT:
        raise _fault("/name", f"At most {MOST_KEPT} are kept; remove one first.")
    saved, _ = SavedFilter.objects.update_or_create(
        member=member, name=name, defaults={"query": text}
    )
    return saved


@transaction.atomic
def remove_filter(*, member: Membership, filter_id: UUID) -> None:
    """Forget a kept filter. Raises `NotFound`, also for somebody else's."""
    removed, _ = SavedFilter.objects.filter(member=member, pk=filter_id).delete()
    if not removed:
        raise NotFound("There is no such filter.")


def _fault(pointer: str, detail: str) -> Invalid:
    return Invalid(detail, errors=[FieldError(pointer, detail)])
