"""Who may read the record. This floor knows no members: whoever carries roles will do."""

from typing import Final, Protocol

from audit.actors import Actor
from govapp.common.errors import Forbidden

READING_ROLES: Final = frozenset({"owner", "compliance", "auditor"})
REPORTING_ROLES: Final = frozenset({"owner", "compliance", "auditor"})

ATTESTING_ROLES: Final = frozenset({"owner", "compliance"})
KEEPING_ROLES: Final = frozenset({"owner", "compliance"})

STREAMING_ROLES: Final = frozenset({"owner", "compliance"})


class Reader(Protocol):
    """What the pages' middleware puts on a request as `request.membership`."""

    roles: list[str]

    def as_actor(self) -> Actor: ...


def may_read(reader: Reader) -> bool:
    """Owners, compliance and auditors read the record."""
    return not READING_ROLES.isdisjoint(reader.roles)


def may_report(reader: Reader) -> bool:
    """Who may have reports made."""
    return not REPORTING_ROLES.isdisjoint(reader.roles)


def may_attest(reader: Reader) -> bool:
    """Who may vouch for a report: an auditor changes nothing."""
    return not ATTESTING_ROLES.isdisjoint(reader.roles)


def may_keep(reader: Reader) -> bool:
    """Who may say what is held and what goes: an auditor looks on."""
    return not KEEPING_ROLES.isdisjoint(reader.roles)


def check_may_keep(reader: Reader) -> None:
    """Raise `Forbidden` for whoever may only look."""
    if not may_keep(reader):
        raise Forbidden("What is held and what goes is decided by owners and compliance.")


def may_stream(reader: Reader) -> bool:
    """Who may say where the record is sent on."""
    return not STREAMING_ROLES.isdisjoint(reader.roles)


def check_may_stream(reader: Reader) -> None:
    """Raise `Forbidden` for whoever may not."""
    if not may_stream(reader):
        raise Forbidden("Where the record is sent is for owners and compliance.")


def check_may_read(reader: Reader) -> None:
    """Raise `Forbidden` for whoever may not read the record."""
    if not may_read(reader):
        raise Forbidden("The record is read by owners, compliance and auditors.")
