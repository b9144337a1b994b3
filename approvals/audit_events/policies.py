"""How the rules change: drafts, versions, reviews, what went live and when."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from approvals.audit_events.wording import words
from approvals.models import PolicyDraft, PolicyReview, PolicyVersion
from audit.actors import SYSTEM, Actor, Personal, Subject
from audit.services import record
from tenants.audit_events.words import name_of, said
from tenants.models import Membership


def draft_created(*, actor: Membership, draft: PolicyDraft) -> None:
    """Somebody began to write rules."""
    source = ""
    if draft.renews is not None:
        source = f" It takes up version {draft.renews.number} again."
    elif draft.rolls_back_to is not None:
        source = f" It goes back to version {draft.rolls_back_to.number}."
    elif draft.template.get("name"):
        source = f" It was made from the template {draft.template['name']}."
    above = f" on top of version {draft.based_on.number}" if draft.based_on else ""
    _record_draft(
        "policy_draft.created", actor, draft, f"{actor} began {_called(draft)}{above}.{source}"
    )


def template_applied(
    *,
    actor: Membership,
    draft: PolicyDraft,
    into_live: bool,
    categories: Sequence[str],
    differences: Sequence[str],
    also: Sequence[str],
) -> None:
    """A template was filled in: what was made of it besides the draft, and what was left."""
    made = f" and {len(categories)} categories" if len(categories) > 1 else ""
    made = f" and the category {categories[0]}" if len(categories) == 1 else made
    record(
        event_type="policy_template.applied",
        actor=actor.as_actor(),
        subject=Subject("policy_draft", draft.public_id, draft.title),
        summary=words(f"{actor} made a draft{made} from the template {draft.template['name']}."),
        data={
            "template": draft.template["key"],
            "answers": draft.template["answers"],
            "into_live": into_live,
            "categories": list(categories),
            "differences": list(differences),
            "also": list(also),
        },
    )


def draft_saved(*, actor: Membership, draft: PolicyDraft) -> None:
    """A draft has another text now; the digest says which."""
    _record_draft(
        "policy_draft.saved",
        actor,
        draft,
        f"{actor} saved {_called(draft)} as revision {draft.revision}.",
    )


def draft_discarded(*, actor: Membership, draft: PolicyDraft) -> None:
    """A draft was discarded."""
    _record_draft(
        "policy_draft.discarded",
        actor,
        draft,
        f"{actor} discarded {_called(draft)} at revision {draft.revision}.",
    )


def policy_proposed(
    *,
    actor: Membership,
    version: PolicyVersion,
    sentences: Sequence[str],
    draft: PolicyDraft | None = None,
) -> None:
    """A version was submitted for review."""
    above = version.based_on
    back = version.rolls_back_to
    aim = f", to go back to version {back.number}" if back else ""
    _record(
        "policy.proposed",
        actor.as_actor(),
        version,
        f"{actor} proposed policy version {version.number}{aim}. {_EFFECTS[version.effect]}",
        {
            "number": version.number,
            "digest": version.digest,
            "remark": said(version.remark, actor),
            "draft": draft.public_id if draft else None,
            "based_on": above.number if above else None,
            "rolls_back_to": back.number if back else None,
            "effect": version.effect,
            "effect_reasons": [each["sentence"] for each in version.effect_reasons],
            "sentences": list(sentences),
        },
    )


def policy_reviewed(
    *, actor: Membership, version: PolicyVersion, review: PolicyReview, still_needed: int
) -> None:
    """Somebody confirmed a version, or refused it."""
    if review.verdict == "approve":
        more = f" {still_needed} more needed." if still_needed else " Nobody else is needed."
        summary = f"{actor} confirmed policy version {version.number}.{more}"
        event_type = "policy.reviewed"
    else:
        summary = f"{actor} rejected policy version {version.number}: {review.remark}"
        event_type = "policy.rejected"
    _record(
        event_type,
        actor.as_actor(),
        version,
        summary,
        {
            **_who(version),
            "verdict": review.verdict,
            "attestation": said(review.attestation, actor),
            "remark": said(review.remark, actor),
            "still_needed": still_needed,
        },
    )


def policy_scheduled(
    *,
    actor: Membership,
    version: PolicyVersion,
    local_start: str,
    reviewers: Sequence[Membership],
    sentences: Sequence[str],
    single_person: bool,
) -> None:
    """A version will decide from a time on."""
    alone = _ALONE if single_person else ""
    _record(
        "policy.scheduled",
        actor.as_actor(),
        version,
        f"{actor} scheduled policy version {version.number} for {local_start}.{alone}",
        {
            **_published(version, reviewers, single_person),
            "starts_at": _moment(version),
            "sentences": list(sentences),
        },
    )


def policy_published(
    *,
    actor: Membership | None,
    version: PolicyVersion,
    former: PolicyVersion | None,
    reviewers: Sequence[Membership],
    sentences: Sequence[str],
    single_person: bool,
) -> None:
    """A version became the one that decides; without `actor` because its time came."""
    replaced = f", in place of version {former.number}" if former else ""
    alone = _ALONE if single_person else ""
    if actor is None:
        summary = (
            f"Policy version {version.number}, published by {version.published_by} for this time,"
            f" is live{replaced}.{alone}"
        )
    else:
        summary = f"{actor} published policy version {version.number}{replaced}.{alone}"
    _record(
        "policy.published",
        actor.as_actor() if actor else SYSTEM,
        version,
        summary,
        {
            **_published(version, reviewers, single_person),
            "starts_at": _moment(version),
            "replaces": former.number if former else None,
            "sentences": list(sentences),
        },
        personal=[name_of(version.published_by)] if version.published_by else [],
    )


def policy_withdrawn(*, actor: Membership, version: PolicyVersion, was: str, remark: str) -> None:
    """A version will not be live: it was in review or scheduled (`was`)."""
    why = f": {remark}" if remark else "."
    state = "while it was in review" if was == "in_review" else "before its time came"
    _record(
        "policy.withdrawn",
        actor.as_actor(),
        version,
        f"{actor} withdrew policy version {version.number} {state}{why}",
        {**_who(version), "was": was, "remark": said(remark, actor)},
    )


def shadow_started(*, actor: Membership, version: PolicyVersion) -> None:
    """A version is evaluated beside the live one from now on; nothing of it is enforced."""
    _record(
        "policy.shadow_started",
        actor.as_actor(),
        version,
        f"{actor} started policy version {version.number} in shadow: it is evaluated beside the"
        " live version and decides nothing.",
        _who(version),
    )


def shadow_stopped(
    *, actor: Membership | None, version: PolicyVersion, evaluated: int, differed: int, why: str
) -> None:
    """A version is no longer evaluated beside the live one; without `actor` of itself."""
    because = f" because {why}" if why else ""
    who = f"{actor} took" if actor and not why else "The system took"
    _record(
        "policy.shadow_stopped",
        actor.as_actor() if actor else SYSTEM,
        version,
        f"{who} policy version {version.number} out of shadow{because}: it differed from what was"
        f" live in {differed} of {evaluated} requests.",
        {**_who(version), "evaluated": evaluated, "differed": differed},
    )


_ALONE = " The same person proposed it."
_EFFECTS: Mapping[str, str] = {
    "tightens": "It tightens what is in force.",
    "weakens": "It weakens what is in force.",
    "both": "It tightens and weakens what is in force.",
    "same": "It changes no outcome.",
    "unknown": "Whether it weakens what is in force cannot be told from its rules.",
}


def _who(version: PolicyVersion) -> dict[str, Any]:
    return {
        "number": version.number,
        "digest": version.digest,
        "proposed_by": version.proposed_by.public_id,
        "proposed_by_name": name_of(version.proposed_by),
    }


def _published(
    version: PolicyVersion, reviewers: Sequence[Membership], single_person: bool
) -> dict[str, Any]:
    return {
        **_who(version),
        "single_person": single_person,
        "attestation": said(version.attestation, version.published_by or version.proposed_by),
        "effect": version.effect,
        "confirmed_by": [each.public_id for each in reviewers],
        "confirmed_by_names": [name_of(each) for each in reviewers],
    }


def _moment(version: PolicyVersion) -> str | None:
    return version.starts_at.isoformat() if version.starts_at else None


def _called(draft: PolicyDraft) -> str:
    return f"the policy draft “{draft.title}”" if draft.title else "a policy draft"


def _record_draft(event_type: str, actor: Membership, draft: PolicyDraft, summary: str) -> None:
    digest = hashlib.sha256(draft.source.encode()).hexdigest()
    record(
        event_type=event_type,
        actor=actor.as_actor(),
        subject=Subject("policy_draft", draft.public_id, draft.title or "Policy draft"),
        summary=words(summary),
        data={
            "revision": draft.revision,
            "title": draft.title,
            "source_sha256": digest,
            "based_on": draft.based_on.number if draft.based_on else None,
            "rolls_back_to": draft.rolls_back_to.number if draft.rolls_back_to else None,
            "renews": draft.renews.number if draft.renews else None,
        },
    )


def _record(
    event_type: str,
    actor: Actor,
    version: PolicyVersion,
    summary: str,
    data: Mapping[str, Any],
    personal: Sequence[Personal] = (),
) -> None:
    record(
        event_type=event_type,
        actor=actor,
        subject=Subject("policy_version", version.public_id, f"Policy version {version.number}"),
        summary=words(summary),
        data=data,
        personal=personal,
    )
