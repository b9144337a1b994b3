"""Retry limits: what was refused again and again is not looked at for a while."""

from datetime import datetime, timedelta

from approvals.holders.asked import Asked
from approvals.leash import TOO_OFTEN, Held, Refusal


def held(asked: Asked) -> Held:
    """Refuse what was refused, denied or failed as often as the tenant allows.

    Refusals of this kind are not counted, nor are those that say nothing of the thing itself
    (`leash.counts_as_try`): when it is quiet for as long, it may be tried again.
    """
    known = asked.known.get("retries")
    if not known or known["times"] < known["limit"]:
        return Held()
    minutes = timedelta(minutes=known["minutes"])
    until = datetime.fromisoformat(known["oldest"]) + minutes
    times, span = known["times"], _span(known["minutes"])
    said = (
        f"The same was tried {times} times within {span} and refused, denied or failed each time:"
        " an agent cannot keep trying for ever. Change what is asked for, or wait until"
        f" {until:%H:%M} UTC."
    )
    return Held((Refusal(TOO_OFTEN, said, until),))


def _span(minutes: int) -> str:
    if minutes % 60:
        return f"{minutes} minutes" if minutes != 1 else "a minute"
    return f"{minutes // 60} hours" if minutes != 60 else "an hour"
