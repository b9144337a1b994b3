"""Nested budgets as a literal table, and what must hold whatever they are."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govapp.common.currencies import NO_CURRENCY
from tenants.budgets import Outcome, Spend, Use, verdict

D = Decimal


def use(budget: str, limit: str, used: str, on_exceed: Outcome, warn_at: int | None = None) -> Use:
    return Use(budget, budget, "money:EUR", D(limit), D(0), D(used), on_exceed, warn_at)


TENANT, AGENT, RUN = "tenant", "agent", "run"
WARN, ASK, THROTTLE, HALT = Outcome.WARN, Outcome.ASK, Outcome.THROTTLE, Outcome.HALT
FINE = Outcome.FINE
# Used of 1000 in the tenant (halts), of 100 by the agent (asks, warns at 80 %), of 10 in the run
# (throttles); what is wanted; what they say, and which of them says it.
TABLE = [
    ("0", "0", "0", "1", FINE, RUN),
    ("0", "0", "0", "10", FINE, RUN),
    ("0", "0", "0", "10.000001", THROTTLE, RUN),
    ("0", "0", "9.99", "0.01", FINE, RUN),
    ("0", "0", "9.99", "0.02", THROTTLE, RUN),
    ("0", "70", "0", "9.99", FINE, RUN),
    ("0", "70", "0", "10", WARN, AGENT),
    ("0", "95", "0", "5", WARN, AGENT),
    ("0", "95", "0", "5.01", ASK, AGENT),
    ("0", "95", "9", "5.01", THROTTLE, RUN),
    ("995", "0", "0", "5", FINE, TENANT),
    ("995", "0", "0", "5.01", HALT, TENANT),
    ("995", "95", "9", "9", HALT, TENANT),
    ("1000", "0", "0", "0", HALT, TENANT),
    ("1000.01", "0", "0", "1", HALT, TENANT),
    ("0", "120", "0", "0", FINE, AGENT),
    ("0", "0", "12", "0", FINE, RUN),
    ("0", "120", "12", "0.01", THROTTLE, RUN),
]


@pytest.mark.parametrize(("tenant", "agent", "run", "wanted", "outcome", "decides"), TABLE)
def test_the_tightest_wins(
    tenant: str, agent: str, run: str, wanted: str, outcome: Outcome, decides: str
) -> None:
    uses = [
        use(TENANT, "1000", tenant, HALT),
        use(AGENT, "100", agent, ASK, 80),
        use(RUN, "10", run, THROTTLE),
    ]
    found = verdict(uses, Spend({"EUR": D(wanted)}))
    assert found.tightest is not None
    assert (found.outcome, found.tightest.use.budget) == (outcome, decides)


def test_without_a_budget_everything_is_fine() -> None:
    found = verdict([], Spend({"EUR": D("1000000")}, tokens=1, count=1))
    assert (found.outcome, found.tightest) == (FINE, None)


def test_what_is_used_up_and_halts_stops_also_what_costs_nothing() -> None:
    stopped = verdict([use("b", "10", "10", HALT)], Spend(count=1)).lines[0]
    assert (stopped.outcome, stopped.is_stopped, stopped.use.left) == (HALT, True, D(0))
    bigger = verdict([use("b", "10", "9", HALT)], Spend({"EUR": D(2)})).lines[0]
    assert (bigger.outcome, bigger.is_stopped, bigger.use.left) == (HALT, False, D(1))


def test_other_currencies_do_not_count_and_no_currency_counts_in_each() -> None:
    of = [use("b", "10", "0", HALT)]
    assert verdict(of, Spend({"USD": D(100)})).outcome == FINE
    assert verdict(of, Spend({NO_CURRENCY: D(11)})).outcome == HALT
    assert verdict(of, Spend({NO_CURRENCY: D(5), "EUR": D(6)})).outcome == HALT


@pytest.mark.parametrize("amount", ["-11", "Infinity", "-Infinity", "NaN", "1e400", "-1e400"])
def test_no_number_slips_by(amount: str) -> None:
    assert verdict([use("b", "10", "0", HALT)], Spend({"EUR": D(amount)})).outcome == HALT


AMOUNTS = st.decimals(0, 60, places=2)
USES = st.builds(
    Use,
    budget=st.sampled_from("abcdef"),
    name=st.just("a budget"),
    measure=st.sampled_from(["money:EUR", "money:USD", "tokens", "count"]),
    limit=st.decimals("0.01", 50, places=2),
    reserved=AMOUNTS,
    settled=AMOUNTS,
    on_exceed=st.sampled_from([WARN, ASK, THROTTLE, HALT]),
    warn_at=st.none() | st.integers(1, 100),
)
SPENDS = st.builds(
    Spend,
    st.dictionaries(st.sampled_from(["EUR", "USD", NO_CURRENCY]), AMOUNTS),
    st.integers(0, 60),
    st.integers(0, 3),
)


@given(st.lists(USES, max_size=6), SPENDS)
def test_nothing_that_passes_is_more_than_a_halting_or_throttling_limit(
    uses: list[Use], wanted: Spend
) -> None:
    found = verdict(uses, wanted)
    if not found.outcome.is_refusal:
        for each in uses:
            asked = wanted.of(each.measure)
            if each.on_exceed >= THROTTLE and asked:
                assert each.used + asked <= each.limit


@given(st.lists(USES, max_size=6), SPENDS, st.randoms())
def test_the_order_means_nothing_and_the_strictest_decides(
    uses: list[Use], wanted: Spend, random: object
) -> None:
    shuffled = list(uses)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    found, again = verdict(uses, wanted), verdict(shuffled, wanted)
    assert found.outcome == again.outcome
    assert [each.outcome for each in found.lines] == [each.outcome for each in again.lines]
    alone = [verdict([each], wanted).outcome for each in uses]
    assert found.outcome == max(alone, default=FINE)


@given(st.lists(USES, min_size=1, max_size=5), SPENDS, USES)
def test_one_more_budget_only_tightens(uses: list[Use], wanted: Spend, more: Use) -> None:
    assert verdict([*uses, more], wanted).outcome >= verdict(uses, wanted).outcome


@given(USES, st.lists(SPENDS, max_size=12))
def test_what_is_reserved_one_after_the_other_never_passes_a_halting_limit(
    budget: Use, wishes: list[Spend]
) -> None:
    now = replace(budget, reserved=D(0), settled=D(0), on_exceed=HALT)
    for wish in wishes:
        if not verdict([now], wish).outcome.is_refusal:
            now = replace(now, reserved=now.reserved + wish.of(now.measure))
    assert now.used <= now.limit


@given(SPENDS, SPENDS)
def test_spends_add_up_and_come_back_as_they_were_kept(one: Spend, other: Spend) -> None:
    both = one + other
    for measure in ("money:EUR", "money:USD", "tokens", "count"):
        assert both.of(measure) == one.of(measure) + other.of(measure)
    assert Spend.from_dict(both.to_dict()).to_dict() == both.to_dict()
