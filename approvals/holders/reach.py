"""What an agent may reach, with which data: deny, once an integration is named or needed."""

from approvals.holders.asked import Asked
from approvals.leash import Held, Refusal
from tenants.reach import UNKNOWN, labels_not_cleared, out_of_reach


def held(asked: Asked) -> Held:
    """Refuse what is not registered, not usable now, or not granted to this agent for this.

    And data of a run with labels that the integration is not cleared for.
    """
    named, category = asked.submission.integration, asked.category
    if not named:
        if category is None or not category.needs_integration:
            return Held()
        said = (
            f"Actions of the category {category.key} are done on a registered system: name its"
            " integration."
        )
        return Held(refusals=(Refusal(UNKNOWN, said),))
    known, run = asked.known.get("reach"), asked.known.get("run")
    why = out_of_reach(known, integration=named, category=asked.submission.category)
    if why is None and known and run:
        why = labels_not_cleared(known, run["labels"])
    return Held() if why is None else Held(refusals=(Refusal(why.code, why.sentence),))
