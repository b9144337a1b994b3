"""What an agent may reach: deny, as soon as an integration is named or needed."""

from approvals.holders.asked import Asked
from approvals.leash import Held, Refusal
from tenants.reach import UNKNOWN, out_of_reach


def held(asked: Asked) -> Held:
    """Refuse what is not registered, not usable now, or not granted to this agent for this."""
    named, category = asked.submission.integration, asked.category
    if not named:
        if category is None or not category.needs_integration:
            return Held()
        said = (
            f"Actions of the category {category.key} are done on a registered system: name its"
            " integration."
        )
        return Held(refusals=(Refusal(UNKNOWN, said),))
    why = out_of_reach(
        asked.known.get("reach"), integration=named, category=asked.submission.category
    )
    return Held() if why is None else Held(refusals=(Refusal(why.code, why.sentence),))
