"""One lapse from its start to its verdict."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from govapp.chaos.faults import Injector, all_back
from govapp.chaos.figures import Figures, count
from govapp.chaos.invariants import find_breaches
from govapp.chaos.journals import find_broken_promises, look_at_mail, read_mail
from govapp.chaos.lapse import Lapse
from govapp.chaos.seating import TITLE, find_unfounded
from govapp.chaos.stack import InVain, Stack, until
from govapp.chaos.traffic import Addresses, Traffic
from govapp.simulator.tally import Tally

SLUG: Final = "lapse"
STEP: Final = timedelta(hours=36)
MOST_STEPS: Final = 60
SETTLE_SECONDS: Final = 90.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How long, how much, and from which dice."""

    seconds: float
    days: float = 7.0
    seed: int = 1
    rate: float = 7.0  # submissions in a second of a busy hour


@dataclass(frozen=True)
class Outcome:
    """What came of it: breaches by the invariant that they break, none if all is well."""

    tenant_id: str
    breaches: dict[str, list[str]]
    figures: Figures
    tally: Tally


def run_lapse(stack: Stack, plan: Plan, say: Say) -> Outcome:
    """Let the time pass with traffic and faults, let it settle, and look at what is there."""
    note = make_company(stack)
    lapse = Lapse(stack, days=plan.days, seconds=plan.seconds)
    addresses = Addresses(stack.base_url)
    injector = Injector(stack, lapse, addresses, plan.seed)
    journal = stack.directory / "journal"
    traffic = Traffic(note, addresses, lapse, seed=plan.seed, rate=plan.rate, journal=journal)
    over = threading.Event()
    clock = threading.Thread(target=lapse.run, args=[over], daemon=True)
    traffic.start()
    traffic.ready.wait()
    clock.start()
    try:
        injector.run(traffic.until, say)
        tally = traffic.finish()
    finally:
        injector.end_wrong_host()
        over.set()
        clock.join()
    say("The time is over; what is left comes to its end.")
    all_back(stack)
    breaches = settle(stack, lapse, note["tenant_id"])
    return judge(stack, note, lapse, injector, tally, breaches)


def make_company(stack: Stack) -> dict[str, Any]:
    """Make the company of the lapse; return its note."""
    made = stack.python("-m", "govapp.chaos.company", SLUG)
    if made.returncode:
        raise RuntimeError(made.stderr)
    note: dict[str, Any] = json.loads(made.stdout)
    return note


def settle(stack: Stack, lapse: Lapse, tenant_id: str) -> dict[str, list[str]]:
    """Move the clock on until nothing is due any more; say what never came to its end."""
    armed = "FROM approvals_timer WHERE tenant_id = %s AND status = 'armed'"
    queued = "FROM approvals_notification WHERE tenant_id = %s AND status = 'queued'"
    due = [f"{armed} AND due_at <= govapp_now()", f"{queued} AND next_attempt_at <= govapp_now()"]

    def none(parts: list[str]) -> bool:
        return not any(stack.value(f"SELECT count(*) {part}", tenant_id) for part in parts)

    try:
        for _ in range(MOST_STEPS):
            until(lambda: none(due), "what is due is done", SETTLE_SECONDS)
            if none([armed, queued]):
                break
            lapse.move(STEP)
        stack.sequenced(tenant_id)
    except InVain as waited:
        return {"it does not come to rest": [str(waited)]}
    return {}


def judge(
    stack: Stack,
    note: dict[str, Any],
    lapse: Lapse,
    injector: Injector,
    tally: Tally,
    breaches: dict[str, list[str]],
) -> Outcome:
    """Look at the database, the journal, the mail and the record."""
    tenant_id = note["tenant_id"]
    with stack.superuser() as connection:
        breaches |= find_breaches(connection, tenant_id)
        if unfounded := find_unfounded(connection, tenant_id):
            breaches[TITLE] = unfounded
        breaches |= find_broken_promises(connection, tenant_id, stack.directory / "journal")
        delivered = read_mail(stack.directory / "mail", f"{SLUG}.example")
        mail = look_at_mail(connection, tenant_id, delivered)
        breaches |= mail.breaches
        figures = count(connection, tenant_id, lapse=lapse, faults=injector.done, mail=mail)
    code, words = stack.verify_ledger(SLUG)
    if code:
        breaches["the record does not verify"] = [words]
    if tally.broken:
        breaches["a promise of the API was not kept"] = tally.broken
    # What is away for a moment is said (503); anything else is a fault of ours.
    if faults := [each for each in tally.faults if not each.endswith(" 503")]:
        breaches["somebody was answered with a fault of ours"] = faults
    return Outcome(tenant_id, breaches, figures, tally)
