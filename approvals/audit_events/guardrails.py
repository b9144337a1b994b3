"""How the guardrails change: drafts, and what came into force."""

from collections.abc import Sequence
from hashlib import sha256

from approvals.audit_events.wording import words
from approvals.digests import canonical_json
from approvals.guardrails.comparing import RuleChange
from approvals.models import GuardrailVersion
from audit.actors import Subject
from audit.services import record
from tenants.audit_events.words import name_of, said
from tenants.models import Membership


def guardrails_saved(*, actor: Membership, version: GuardrailVersion) -> None:
    """A draft has other rules now."""
    _record("guardrails.saved", actor, version, f"{actor} saved {_called(version)}.", ())


def guardrails_discarded(*, actor: Membership, version: GuardrailVersion) -> None:
    """A draft was discarded."""
    _record("guardrails.discarded", actor, version, f"{actor} discarded {_called(version)}.", ())


def guardrails_published(
    *, actor: Membership, version: GuardrailVersion, changes: Sequence[RuleChange]
) -> None:
    """A version is in force from now on; what differs from the one before is in it."""
    alone = version.written_by_id == actor.pk
    how = " alone" if alone else ""
    _record(
        "guardrails.published",
        actor,
        version,
        f"{actor} put {_called(version)} in force{how}.",
        changes,
    )


def _record(
    event_type: str,
    actor: Membership,
    version: GuardrailVersion,
    summary: str,
    changes: Sequence[RuleChange],
) -> None:
    writer, text = version.written_by, canonical_json(version.document)
    record(
        event_type=event_type,
        actor=actor.as_actor(),
        subject=Subject("guardrails", version.public_id, f"Version {version.number}"),
        summary=words(summary),
        data={
            "number": version.number,
            "revision": version.revision,
            "based_on": version.based_on,
            # Rules name what must not be said: people, projects. That is its author's words.
            "document": said(text.decode(), writer),
            "document_sha256": sha256(text).hexdigest(),
            "remark": said(version.remark, writer),
            "attestation": said(version.attestation, actor),
            "written_by": writer.public_id,
            "single_person": bool(version.published_by_id)
            and version.published_by_id == version.written_by_id,
            "changes": [
                {
                    "rule": each.rule,
                    "what": each.what,
                    "before": said(each.before, writer) if each.before else "",
                    "after": said(each.after, writer) if each.after else "",
                    "is_looser": each.is_looser,
                }
                for each in changes
            ],
        },
        personal=(name_of(writer),),
    )


def _called(version: GuardrailVersion) -> str:
    return f"version {version.number} of the guardrails"
