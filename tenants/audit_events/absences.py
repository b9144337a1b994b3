"""Events about people who are away and those who stand in for them."""

from typing import Any

from audit.services import Entry, record_many
from govapp.common.formats import utc_minute
from tenants.audit_events.words import member_subject, party, said
from tenants.models import Absence, Membership


def absence_entered(*, actor: Membership, absence: Absence) -> None:
    """From its start to its end the stand-in's word counts as the member's."""
    _record("absence.entered", actor, absence, f"{_who(actor, absence)} be away {_span(absence)}")


def absence_changed(*, actor: Membership, before: Absence, absence: Absence) -> None:
    """The former one is closed at this moment, and this one holds in its place."""
    _record(
        "absence.changed",
        actor,
        absence,
        f"{actor.user.name} changed the absence of {absence.member.user.name}, formerly"
        f" {_span(before)}: now {_span(absence)}",
        {"former": _data(before)},
    )


def absence_cancelled(*, actor: Membership, absence: Absence) -> None:
    """Nobody stands in from this moment on; votes cast by the stand-in stay."""
    _record(
        "absence.cancelled",
        actor,
        absence,
        f"{actor.user.name} cancelled the absence of {absence.member.user.name} {_span(absence)}",
    )


def calendar_imported(
    *, actor: Membership, member: Membership, entered: list[Absence], left_out: int
) -> None:
    """A calendar was read: one event for each absence, and one that says how many there were."""
    record_many(
        [
            Entry(
                "absence.entered",
                actor.as_actor(),
                member_subject(member),
                f"{_who(actor, each)} be away {_span(each)} (from a calendar)",
                _data(each),
                at=each.created_at,
            )
            for each in entered
        ]
        + [
            Entry(
                "absence.calendar_imported",
                actor.as_actor(),
                member_subject(member),
                f"{actor.user.name} imported a calendar for {member.user.name}:"
                f" {len(entered)} absences entered, {left_out} left out",
                {"entered": [each.public_id for each in entered], "left_out": left_out},
            )
        ]
    )


def _record(
    kind: str,
    actor: Membership,
    absence: Absence,
    summary: str,
    more: dict[str, Any] | None = None,
) -> None:
    entry = Entry(
        kind,
        actor.as_actor(),
        member_subject(absence.member),
        f"{summary}.",
        _data(absence) | (more or {}),
    )
    record_many([entry])


def _who(actor: Membership, absence: Absence) -> str:
    if actor.pk == absence.member_id:
        return f"{actor.user.name} said that they will"
    return f"{actor.user.name} said that {absence.member.user.name} will"


def _span(absence: Absence) -> str:
    stand_in = absence.stand_in
    by = f"{stand_in.user.name} stands in" if stand_in else "nobody stands in"
    return f"from {utc_minute(absence.starts_at)} to {utc_minute(absence.ends_at)}; {by}"


def _data(absence: Absence) -> dict[str, Any]:
    stand_in = absence.stand_in
    return {
        "absence": absence.public_id,
        "member": party(absence.member),
        "stand_in": stand_in and party(stand_in),
        "starts_at": absence.starts_at.isoformat(),
        "ends_at": absence.ends_at.isoformat(),
        "note": said(absence.note, absence.member),
        "source": str(absence.source),
    }
