"""What other floors say would stand still if a member left: asked before it is done.

The floors above know what people are needed for and this one does not know them: they register
a function here when they start.
"""

from collections.abc import Callable, Sequence
from typing import Final

from govapp.common.errors import Conflict, FieldError
from tenants.models import Membership

# The member, and the group that they would leave; "" when they leave altogether.
Finder = Callable[[Membership, str], Sequence[str]]

_finders: Final[list[Finder]] = []
MOST_TOLD: Final = 20


def register_departures(find: Finder) -> None:
    """Have `find` asked before somebody is suspended, loses the role or leaves a group."""
    if find not in _finders:
        _finders.append(find)


def what_would_break(member: Membership, *, group: str = "") -> list[str]:
    """Return in sentences what could no longer be completed; the last one counts the rest."""
    found = [sentence for find in _finders for sentence in find(member, group)]
    if len(found) <= MOST_TOLD:
        return found
    return [*found[: MOST_TOLD - 1], f"And {len(found) - MOST_TOLD + 1} more."]


class ConfirmationNeeded(Conflict):
    """Something would stand still; `errors` says what. Whoever knows may go on."""

    code = "confirmation_needed"
    title = "Something would stand still"

    @property
    def sentences(self) -> list[str]:
        return [error.detail for error in self.errors]


def weigh_departure(member: Membership, *, group: str = "", confirmed: bool) -> list[str]:
    """Return what would break, for the record; raise `ConfirmationNeeded` unless confirmed."""
    breaks = what_would_break(member, group=group)
    if breaks and not confirmed:
        raise ConfirmationNeeded(
            f"Without {member.user.name}: {' '.join(breaks)} Confirm to go on.",
            errors=[FieldError("", sentence) for sentence in breaks],
        )
    return breaks
