"""What holds a submission besides policy and guardrails: one module each, without input or output.

Each says of one submission what it refuses, and what it wants a person for. What it looks at comes
with `Asked.known`, under the name that `selectors.situation` reads it by.
"""

from collections.abc import Callable
from typing import Final

from approvals.holders import autonomy, budgets, delegation, kill, reach, retries
from approvals.holders.asked import Asked
from approvals.leash import Held

HOLDERS: Final[tuple[Callable[[Asked], Held], ...]] = (
    kill.held,
    reach.held,
    autonomy.held,
    delegation.held,
    budgets.held,
    retries.held,
)
