"""What members send about policies."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from approvals.api.bodies import ActionRequestSubmission
from govapp.common.api.bodies import RequestBody

Source = Annotated[str, Meta(min_length=1, description="The document as YAML or JSON text.")]
Text = Annotated[str, Meta(max_length=500)]


class PolicyText(RequestBody, frozen=True):
    """A document: as text (`source`, comments kept) or as JSON (`document`). Exactly one."""

    source: Source | None = None
    document: dict[str, Any] | None = None
    title: Annotated[str, Meta(max_length=120)] | None = None


class DraftSubmission(RequestBody, frozen=True):
    """Sends a draft to review."""

    remark: Text = ""
    simulation: Annotated[str, Meta(pattern="^sim_[0-9a-z]{26}$")] | None = None


class Publication(RequestBody, frozen=True):
    """A member's confirmation of a version, and from when it decides (at once if left out)."""

    attestation: Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\S")]
    starts_at: datetime | None = None


class Review(RequestBody, frozen=True):
    """What a member says to a version in review. A rejection needs a remark."""

    verdict: Literal["approve", "reject"]
    attestation: Text = ""
    remark: Text = ""


class Withdrawal(RequestBody, frozen=True):
    """Why a version is taken back before it decides."""

    remark: Text = ""


class SimulationOrder(RequestBody, frozen=True):
    """Which rules to replay, over which requests."""

    source: Source | None = None
    draft: Annotated[str, Meta(pattern="^pd_[0-9a-z]{26}$")] | None = None
    version: Annotated[str, Meta(pattern="^pv_[0-9a-z]{26}$")] | None = None
    period: Literal["30d", "90d", "all"] = "30d"


class PolicyPreview(RequestBody, frozen=True):
    """A request to try out, and the rules to try it under: the live ones when none are named."""

    agent: Annotated[str, Meta(pattern="^ag_[0-9a-z]{26}$")]
    request: ActionRequestSubmission
    source: Source | None = None
    draft: Annotated[str, Meta(pattern="^pd_[0-9a-z]{26}$")] | None = None
    version: Annotated[str, Meta(pattern="^pv_[0-9a-z]{26}$")] | None = None
