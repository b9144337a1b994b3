"""A fresh second factor at a decision, good for that decision on that request as it was shown.

Every verdict counts alike: a denial is a decision in somebody's name as well. Nothing of it is
remembered (domain page, section 5; security page, "Decisions").
"""

from hashlib import sha256
from typing import Any, Final

from approvals.digests import canonical_json
from approvals.enums import Verdict, VoteChannel
from approvals.models import ActionRequest
from approvals.obligations import needs_login, obligations_of
from approvals.policies.obligations import EvaluatedObligations
from govapp.common.errors import Forbidden
from tenants.models import Membership
from tenants.services.second_factor import Proof, spend_proof

BREAK_GLASS: Final = "break_glass"
# What a passkey may be asked for, as a page names it.
ACTS: Final = rf"^({'|'.join(Verdict.values)}|{BREAK_GLASS}|approve_changed-[0-9a-f]{{64}})$"
STEP_UP_BY_LINK: Final = "Log in to decide: a rule asks for a passkey or a code of your app."
LOGIN_BY_LINK: Final = "Log in to decide: a rule asks for a login."
_WITHOUT_LOGIN: Final = (VoteChannel.LINK, VoteChannel.SLACK)


def bound_to(request: ActionRequest, act: str, *, digest: str = "", version: int = 0) -> str:
    """Return what a proof is for: a verdict or `BREAK_GLASS`, on this request as it was seen.

    `digest` and `version` are of what was shown; without them, of what is there now.
    """
    seen = f"{digest or request.payload_digest}:{version or request.version}"
    return f"{act}:{request.public_id}:{seen}"


def changed_act(payload: dict[str, Any], summary: str) -> str:
    """Return the act of approving this in place of what was asked for.

    It names what is approved: a proof for the request as it stands, or for another change of it,
    is none for this one.
    """
    said = sha256(canonical_json({"payload": payload, "summary": summary}))
    return f"approve_changed-{said.hexdigest()}"


def why_login(request: ActionRequest) -> str:
    """Return why this cannot be decided without a login, by its rules; "" when it can."""
    if obligations_of(request).step_up:
        return STEP_UP_BY_LINK
    return LOGIN_BY_LINK if needs_login(request) else ""


def spend_step_up(
    *,
    request: ActionRequest,
    member: Membership,
    act: str,
    channel: VoteChannel,
    proof: Proof | None,
    attached: EvaluatedObligations | None = None,
    digest: str = "",
    version: int = 0,
) -> str | None:
    """Use up the voter's proof where a rule asks for one; return which factor it was, if any.

    `attached` is what the rules ask of what is being decided, where that is not the request as it
    stands; `digest` and `version` are of what was shown, as in `bound_to`.

    Call it last, under the request's lock: a proof is not used up for what does not count anyway.
    Raises `Forbidden` where a login or the page is needed, and what `spend_proof` raises.
    """
    if channel in _WITHOUT_LOGIN and (why := why_login(request)):
        raise Forbidden(why)
    if not (attached or obligations_of(request)).step_up:
        return None
    if channel != VoteChannel.PAGE:
        raise Forbidden(STEP_UP_BY_LINK)
    purpose = bound_to(request, act, digest=digest, version=version)
    return spend_proof(user=member.user, proof=proof, bound_to=purpose)
