"""Whom other floors tell about an absence: the floor above knows how people are told.

As with `tenants/departures.py`: it registers a function here when it starts.
"""

from collections.abc import Callable, Sequence
from typing import Final

from tenants.models import Absence, Membership

# Who did it, absences of one person with one stand-in, and whether they are no more.
Teller = Callable[[Membership, Sequence[Absence], bool], None]

_tellers: Final[list[Teller]] = []


def register_teller(tell: Teller) -> None:
    """Have `tell` called, in the transaction of the change, when somebody is made a stand-in."""
    if tell not in _tellers:
        _tellers.append(tell)


def tell_stand_in(actor: Membership, absences: Sequence[Absence], *, is_over: bool = False) -> None:
    """Tell the stand-in of these absences, all of one person, unless it was their own doing."""
    if not absences or absences[0].stand_in in (None, actor):
        return
    for tell in _tellers:
        tell(actor, absences, is_over)
