"""Streams as a person sets them up: made, changed, paused, resumed, replayed, tested, removed."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from audit.actors import Actor
from audit.models import AuditStream, StreamKind, StreamState, StreamTest
from audit.selectors.streams import SENDING, Start, position_of
from audit.services.query_words import marked_query
from audit.services.stream_checks import Wanted, check_wanted
from audit.services.stream_events import record_stream
from govapp.common import clock
from govapp.common.errors import Conflict, Invalid, NotFound
from govapp.common.queue import enqueue_on_commit
from govapp.common.sealing import seal
from govapp.common.tenancy import require_tenant_id
from govapp.common.webhooks import new_secret

MOST: Final = 10
MAX_OVERLAP: Final = timedelta(days=30)


@transaction.atomic
def create_stream(
    *, actor: Actor, kind: str, wanted: Wanted, start: Start
) -> tuple[AuditStream, str]:
    """Make a stream and return it with its secret, which is shown once ("" for syslog).

    Raises `Invalid` (`Malformed` for its filter), and `Conflict` for a name that there is already,
    or when there are ten.
    """
    if kind not in StreamKind.values:
        raise Invalid("Choose how events travel.")
    check_wanted(kind, wanted)
    if AuditStream.objects.filter(removed_at=None).count() >= MOST:
        raise Conflict(f"There are {MOST} streams; remove one first.")
    _check_name_is_free(wanted.name)
    secret = new_secret() if kind == StreamKind.WEBHOOK else ""
    stream = AuditStream(
        kind=kind,
        time_zone=wanted.filter.zone,
        cursor=position_of(start, zone=wanted.filter.zone),
        secret_sealed=seal(secret.encode()) if secret else None,
        created_by_id=actor.id,
        created_by_name=actor.name,
        next_at=clock.now(),
    )
    _apply(stream, wanted)
    stream.save(force_insert=True)
    record_stream(
        stream, actor, "audit_stream.created",
        f"{actor.name} made the stream {stream.name} to {stream.host}, from index {stream.cursor}.",
        query=marked_query(stream.query, actor.id), time_zone=stream.time_zone,
        from_index=stream.cursor,
    )  # fmt: skip
    _hint(stream)
    return stream, secret


@transaction.atomic
def change_stream(*, actor: Actor, stream_id: UUID, wanted: Wanted) -> AuditStream:
    """Change what a stream is called, where it goes and what it sends; its place stays."""
    stream = _locked(stream_id)
    check_wanted(stream.kind, wanted)
    if wanted.name != stream.name:
        _check_name_is_free(wanted.name)
    before = _said_of(stream, actor)
    _apply(stream, wanted)
    changes = {
        name: {"from": before[name], "to": value}
        for name, value in _said_of(stream, actor).items()
        if value != before[name]
    }
    if wanted.authorization is not None:
        changes["authorization"] = {"from": "", "to": "set" if wanted.authorization else "none"}
    _begin_anew(stream)
    stream.save()
    words = ", ".join(sorted(changes)) or "nothing"
    record_stream(
        stream, actor, "audit_stream.changed",
        f"{actor.name} changed the stream {stream.name}: {words}.", changes=changes,
    )  # fmt: skip
    _hint(stream)
    return stream


@transaction.atomic
def rotate_stream_secret(*, actor: Actor, stream_id: UUID, overlap: timedelta) -> str:
    """Give a webhook another secret and return it; the former one signs too for `overlap`."""
    stream = _locked(stream_id)
    if stream.kind != StreamKind.WEBHOOK:
        raise Conflict("Syslog is not signed: there is no secret.")
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise Invalid("Choose an overlap of at most 30 days.")
    secret = new_secret()
    until = clock.now() + overlap
    stream.former_secret_sealed, stream.former_secret_until = stream.secret_sealed, until
    stream.secret_sealed = seal(secret.encode())
    stream.save(update_fields=["former_secret_sealed", "former_secret_until", "secret_sealed"])
    record_stream(
        stream, actor, "audit_stream.secret_rotated",
        f"{actor.name} gave the stream {stream.name} a new secret.",
        former_until=until.isoformat(),
    )  # fmt: skip
    return secret


@transaction.atomic
def pause_stream(*, actor: Actor, stream_id: UUID) -> AuditStream:
    """Send nothing more for now; its place stays. Raises `Conflict` when it sends nothing."""
    stream = _locked(stream_id)
    if stream.state not in SENDING:
        raise Conflict("This stream sends nothing already.")
    stream.state, stream.failing_since, stream.attempts = StreamState.PAUSED, None, 0
    stream.save(update_fields=["state", "failing_since", "attempts"])
    record_stream(
        stream, actor, "audit_stream.paused",
        f"{actor.name} paused the stream {stream.name} before index {stream.cursor}.",
        next_index=stream.cursor,
    )  # fmt: skip
    return stream


@transaction.atomic
def resume_stream(*, actor: Actor, stream_id: UUID) -> AuditStream:
    """Go on where a paused or stopped stream stands; one that fails is tried at once."""
    stream = _locked(stream_id)
    if stream.state == StreamState.ACTIVE:
        raise Conflict("This stream is active already.")
    was = stream.state
    stream.state, stream.failing_since, stream.attempts = StreamState.ACTIVE, None, 0
    stream.next_at, stream.last_error = clock.now(), ""
    stream.save(update_fields=["state", "failing_since", "attempts", "next_at", "last_error"])
    record_stream(
        stream, actor, "audit_stream.resumed",
        f"{actor.name} resumed the stream {stream.name} at index {stream.cursor}.",
        was=was, next_index=stream.cursor,
    )  # fmt: skip
    _hint(stream)
    return stream


@transaction.atomic
def replay_stream(*, actor: Actor, stream_id: UUID, start: Start) -> AuditStream:
    """Put a stream elsewhere: what comes after it is sent, again or for the first time."""
    stream = _locked(stream_id)
    former, stream.cursor = stream.cursor, position_of(start, zone=stream.time_zone)
    stream.chain = None
    _begin_anew(stream)
    stream.save()
    record_stream(
        stream, actor, "audit_stream.replayed",
        f"{actor.name} set the stream {stream.name} from index {former} to {stream.cursor}.",
        from_index=stream.cursor, former_index=former,
    )  # fmt: skip
    _hint(stream)
    return stream


@transaction.atomic
def remove_stream(*, actor: Actor, stream_id: UUID) -> None:
    """Send nothing more, ever, and forget its secrets; what it sent where is kept."""
    stream = _locked(stream_id)
    stream.removed_at = clock.now()
    stream.claim += 1
    stream.lease_until = None
    stream.secret_sealed = stream.former_secret_sealed = stream.authorization_sealed = None
    stream.save()
    record_stream(
        stream, actor, "audit_stream.removed",
        f"{actor.name} removed the stream {stream.name}; {stream.delivered} events were sent.",
        next_index=stream.cursor, delivered=stream.delivered,
    )  # fmt: skip


@transaction.atomic
def ask_for_test(*, actor: Actor, stream_id: UUID) -> None:
    """Have a test sent: an event that is not in the record. Raises `Conflict` while one is."""
    stream = _locked(stream_id)
    if stream.test_state == StreamTest.QUEUED:
        raise Conflict("A test is on its way already.")
    stream.test_state, stream.test_words, stream.test_at = StreamTest.QUEUED, "", clock.now()
    stream.save(update_fields=["test_state", "test_words", "test_at"])
    record_stream(
        stream, actor, "audit_stream.test_asked",
        f"{actor.name} had a test sent to {stream.host}.",
    )  # fmt: skip
    enqueue_on_commit("audit.test_stream", stream_id=stream.pk, tenant_id=require_tenant_id())


def _apply(stream: AuditStream, wanted: Wanted) -> None:
    is_other_chain = (stream.format, stream.discloses) != (wanted.format, wanted.discloses)
    stream.chain = None if is_other_chain else stream.chain
    stream.name, stream.address, stream.format = wanted.name, wanted.address, wanted.format
    stream.discloses, stream.query = wanted.discloses, wanted.filter.chosen()
    stream.time_zone = wanted.filter.zone
    stream.at_once, stream.roots = wanted.at_once, wanted.roots
    if wanted.authorization is not None:
        value = wanted.authorization.strip().encode()
        stream.authorization_sealed = seal(value) if value else None


def _said_of(stream: AuditStream, actor: Actor) -> dict[str, Any]:
    """What the record says of its settings; the rest of the address may be a secret."""
    return {
        "name": stream.name,
        "host": stream.host,
        "path": "" if stream.address == stream.host else "set",
        "format": stream.format,
        "discloses": stream.discloses,
        "query": marked_query(stream.query, actor.id),
        "time_zone": stream.time_zone,
        "at_once": stream.at_once,
        "roots": "set" if stream.roots else "",
    }


def _begin_anew(stream: AuditStream) -> None:
    """Whoever is sending at this moment has lost the stream; the next batch is made afresh."""
    stream.claim += 1
    stream.sending_until = stream.lease_until = None
    stream.next_at = clock.now()


def _check_name_is_free(name: str) -> None:
    if AuditStream.objects.filter(removed_at=None, name=name).exists():
        raise Conflict("There is a stream of this name already.")


def _locked(stream_id: UUID) -> AuditStream:
    found = AuditStream.objects.select_for_update().filter(pk=stream_id, removed_at=None).first()
    if found is None:
        raise NotFound("There is no such stream.")
    return found


def _hint(stream: AuditStream) -> None:
    if stream.state in SENDING:
        enqueue_on_commit("audit.deliver_stream", stream_id=stream.pk, tenant_id=stream.tenant_id)
