"""Under which rules a request can be tried out: the live ones, another version's, a draft's."""

from dataclasses import dataclass

from approvals.models import PolicyDraft
from approvals.policies import Policy, PolicyInvalid, load_policy
from approvals.selectors.policies import compiled
from approvals.selectors.policy_pages import get_version, list_versions, live_version
from govapp.common.errors import Conflict, NotFound
from govapp.common.ids import InvalidId, parse_public_id

_DRAFTS_SHOWN = 50


@dataclass(frozen=True)
class Ground:
    """Some rules, and what they are called."""

    name: str
    policy: Policy


def list_grounds() -> list[tuple[str, str]]:
    """Return (id, words) of every version and open draft; "" is what is live. Two statements."""
    drafts = PolicyDraft.objects.filter(submitted_as__isnull=True, discarded_at__isnull=True)
    return [
        ("", "The live version"),
        *(
            (draft.public_id, f"Draft {draft.title}".strip())
            for draft in drafts.defer("source").order_by("-saved_at")[:_DRAFTS_SHOWN]
        ),
        *((each.public_id, f"Version {each.number}") for each in list_versions()),
    ]


def find_ground(public_id: str) -> Ground:
    """Return the rules of this name. Raises `NotFound`, and `Conflict` when they are unusable."""
    try:
        if public_id.startswith("pd_"):
            draft = _draft(public_id)
            return Ground(f"draft {draft.title}".strip(), load_policy(draft.source))
        version = get_version(public_id) if public_id else live_version()
        if version is None:
            raise Conflict("There is no live version: every request is blocked.")
        return Ground(f"version {version.number}", compiled(version))
    except PolicyInvalid as invalid:
        raise Conflict(f"These rules cannot be used yet: {invalid}") from invalid


def _draft(public_id: str) -> PolicyDraft:
    try:
        ident = parse_public_id("pd", public_id)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    found = PolicyDraft.objects.filter(pk=ident).first()
    if found is None:
        raise NotFound("There is no such draft here.")
    return found
