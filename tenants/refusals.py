"""Why a key that is right is refused all the same; who was refused is known, and recorded."""

from typing import Any, Final

from govapp.common.errors import DomainError, Forbidden, Unauthenticated
from tenants.dpop import ALGORITHMS
from tenants.enums import KillScope
from tenants.killing import CODE
from tenants.principals import AgentPrincipal
from tenants.scopes import Scope

CATEGORY_WORDS: Final = "This key is for other categories than this one."
OUTSIDE_DELEGATION: Final = "outside_delegation"
OUTSIDE_WORDS: Final = (
    "This access token is bound to a delegation, and this does not come under it: use the agent's"
    " own key."
)
DPOP_ALGORITHMS: Final = " ".join(ALGORITHMS)


class KeyRefusedError(DomainError):
    """Base of these: whose key it was, and for which scope if it was for one."""

    def __init__(self, detail: str, *, holder: AgentPrincipal, scope: str = "", **more: Any):
        super().__init__(detail, **more)
        self.holder, self.scope = holder, scope


class ScopeMissing(KeyRefusedError, Forbidden):
    """The key opens other things (HTTP 403)."""

    code = "scope_missing"
    title = "The key has not this scope"

    @classmethod
    def of(cls, holder: AgentPrincipal, scope: Scope) -> "ScopeMissing":
        """Return the refusal that names the scope."""
        return cls(
            f"This key has not the scope {scope.value}. Ask the owner for a key that has it.",
            holder=holder,
            scope=scope.value,
        )


class CategoryRefused(KeyRefusedError, Forbidden):
    """The key is for other categories (HTTP 403)."""

    code = "category_not_of_key"
    title = "The key is for other categories"


class AddressRefused(KeyRefusedError, Forbidden):
    """The key is used from outside of its networks (HTTP 403)."""

    code = "address_not_allowed"
    title = "The key may not be used from here"


class DelegationCut(KeyRefusedError, Forbidden):
    """What the agent acts under was cut, is over, or was never its own (HTTP 403)."""

    code = "delegation_revoked"
    title = "The delegation does not hold"


class OutsideDelegation(KeyRefusedError, Forbidden):
    """The token is bound to a delegation that this does not come under (HTTP 403)."""

    code = OUTSIDE_DELEGATION
    title = "This is not done under a delegation"

    @classmethod
    def of(cls, holder: AgentPrincipal, scope: str = "") -> "OutsideDelegation":
        """Return the refusal of a token that is good for what comes under its delegation only."""
        return cls(OUTSIDE_WORDS, holder=holder, scope=scope)


class ProofRefused(KeyRefusedError, Unauthenticated):
    """The proof of possession is missing or not good (HTTP 401; RFC 9449, section 7.1)."""

    code = "invalid_dpop_proof"
    title = "A proof of possession is needed"

    @property
    def challenge(self) -> str:  # type: ignore[override]
        error = "invalid_token" if self.code == "token_is_bound" else "invalid_dpop_proof"
        return f'DPoP realm="govapp", error="{error}", algs="{DPOP_ALGORITHMS}"'


class HeldBack(KeyRefusedError, Forbidden):
    """What holds the agent says no: its code and words are of whatever that is (HTTP 403)."""

    title = "This is held"


class Killed(KeyRefusedError, Forbidden):
    """A kill switch stops it (HTTP 403)."""

    code = CODE
    title = "A kill switch was thrown"

    @classmethod
    def of(cls, holder: AgentPrincipal, scope: str = "") -> "Killed":
        """Return the refusal of an agent that is stopped, alone or with everybody."""
        what = "everything in this account" if holder.killed == KillScope.TENANT else "this agent"
        return cls(
            f"The kill switch for {what} was thrown: nothing is done until people let it go on."
            " What was asked for before can still be read.",
            holder=holder,
            scope=scope,
        )
