"""Whether an agent may use an integration for a category. Pure: deny unless everything allows.

Codes and sentences are those of a refused submission, of a permission that is not issued, and of
one that is not good any more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tenants.enums import IntegrationStatus
from tenants.scopes import covers

UNKNOWN: Final = "integration_unknown"
NOT_GRANTED: Final = "integration_not_granted"
SUSPENDED: Final = "integration_suspended"
REVOKED: Final = "integration_revoked"
EXPIRED: Final = "integration_expired"
UNVERIFIED: Final = "integration_unverified"
CATEGORY_NOT_GRANTED: Final = "category_not_granted"
LABELS_NOT_CLEARED: Final = "labels_not_cleared"


@dataclass(frozen=True)
class OutOfReach:
    """Why not: a stable code, and a sentence that says what to do."""

    code: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def out_of_reach(
    known: Mapping[str, Any] | None, *, integration: str, category: str | None
) -> OutOfReach | None:
    """Return why this may not be done, or None when it may.

    `known` is what `selectors.reach.REACH_SQL` gave: None when there is no such integration.
    With `category` None any live grant will do.
    """
    if known is None:
        return OutOfReach(
            UNKNOWN,
            f"There is no integration {integration}: register it, or name another one.",
        )
    return _state(known) or _grants(known, category)


def labels_not_cleared(known: Mapping[str, Any], labels: Iterable[str]) -> OutOfReach | None:
    """Return why data with these labels may not flow into an integration, or None when it may.

    `known` as in `out_of_reach`. One that clears nothing takes no labelled data.
    """
    missing = sorted(set(labels) - set(known["labels_cleared"]))
    if not missing:
        return None
    one = len(missing) == 1
    said = (
        f"The integration {known['slug']} is not cleared for data with the"
        f" label{'' if one else 's'} {', '.join(missing)}: clear it for"
        f" {'this label' if one else 'these labels'}, name another integration, or act on a step"
        f" that does not carry {'it' if one else 'them'}."
    )
    return OutOfReach(LABELS_NOT_CLEARED, said)


def _state(known: Mapping[str, Any]) -> OutOfReach | None:
    """Why nobody may use it at this moment."""
    slug, status = known["slug"], known["status"]
    if status == IntegrationStatus.REVOKED:
        said = (
            f"The integration {slug} was revoked on {known['since']}, for good: name another one."
        )
        return OutOfReach(REVOKED, said)
    if status == IntegrationStatus.SUSPENDED:
        said = (
            f"The integration {slug} is suspended since {known['since']}: resume it, or name"
            " another one."
        )
        return OutOfReach(SUSPENDED, said)
    if known["has_expired"]:
        said = f"The integration {slug} expired on {known['expires']}: give it another date."
        return OutOfReach(EXPIRED, said)
    if not known["check_passed"]:
        said = f"The integration {slug} has not passed its check: check it, and see what it lacks."
        return OutOfReach(UNVERIFIED, said)
    if status != IntegrationStatus.ACTIVE:
        said = f"The integration {slug} is a draft: activate it, or name another one."
        return OutOfReach(UNVERIFIED, said)
    return None


def _grants(known: Mapping[str, Any], category: str | None) -> OutOfReach | None:
    """Why this agent may not use it for this."""
    slug, agent = known["slug"], known["agent"] or "The agent"
    granted = known["grants"]
    live = [each for each in granted if not (each["is_withdrawn"] or each["has_ended"])]
    if any(_is_for(each["categories"], category) for each in live):
        return None
    if live:
        patterns = ", ".join(sorted({one for each in live for one in each["categories"]}))
        said = (
            f"{agent} may use the integration {slug} for {patterns}, and not for {category}:"
            " grant that too."
        )
        return OutOfReach(CATEGORY_NOT_GRANTED, said)
    was = ""
    if granted:
        was = (
            " What it was granted has ended."
            if any(each["has_ended"] for each in granted)
            else (" What it was granted was withdrawn.")
        )
    said = f"{agent} was not granted the integration {slug}: grant it, or name another one.{was}"
    return OutOfReach(NOT_GRANTED, said)


def _is_for(patterns: Sequence[str], category: str | None) -> bool:
    return category is None or (bool(patterns) and covers(patterns, category))


def granted_scopes(known: Mapping[str, Any] | None, *, category: str) -> tuple[str, ...]:
    """Return the scopes of the integration that the agent's live grants for this category give."""
    live = [
        each for each in (known or {}).get("grants", ())
        if not (each["is_withdrawn"] or each["has_ended"]) and _is_for(each["categories"], category)
    ]  # fmt: skip
    return tuple(sorted({scope for each in live for scope in each["scopes"]}))
