"""What each level makes of each answer of the rules; never looser, but for one case."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.facts import Submission
from approvals.holders.asked import Asked
from approvals.holders.autonomy import held
from approvals.leash import Demand, Held, Refusal, together
from approvals.models import ActionCategory
from approvals.policies import Evaluation, evaluate, parse_policy
from approvals.policies.weighing import answered
from tenants.enums import AutonomyLevel
from tenants.models import Agent
from tests.approvals.policies.builders import facts

NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)
LEVELS = [None, *(level.value for level in AutonomyLevel)]
# Name of a policy → the outcome of its only rule, if any, and its default.
POLICIES = {
    "a rule allows": ("allow", "require_approval"),
    "a rule asks": ("require_approval", "deny"),
    "a rule denies": ("deny", "require_approval"),
    "the default asks": (None, "require_approval"),
    "the default denies": (None, "deny"),
}
OUTCOMES = ["deny", "require_approval", "allow"]  # the strictest first


def asked(
    level: str | None = None,
    *,
    own: bool = True,
    pattern: str = "payments.*",
    environment: dict[str, Any] | None = None,
    is_reading: bool = False,
    named: str = "production",
) -> Asked:
    """Build a submission as the holders look at it, past the database."""
    rules = [{"own": own, "pattern": pattern, "level": level}] if level else None
    category = ActionCategory(
        tenant_id=UUID(int=1), key="payments.transfer", name="Bank transfer", is_reading=is_reading
    )
    return Asked(
        Agent(tenant_id=UUID(int=1), name="payer"),
        Submission("payments.transfer", "Pay", {}, environment=named),
        category,
        NOW,
        {"autonomy": rules, "environment": environment},
    )


def evaluation_of(name: str) -> Evaluation:
    then, default = POLICIES[name]
    rule: dict[str, Any] = {"id": "r", "when": {"category": "payments.transfer"}, "then": then}
    if then == "require_approval":
        rule["flow"] = "f"
    document = {
        "version": 1,
        "default": default,
        "flows": {
            "f": {"stages": [{"name": "s", "seats": [{"group": "finance"}], "deadline": "1h"}]}
        },
        "rules": [rule] if then else [],
    }
    if default == "require_approval":
        document["default_flow"] = "f"
    return evaluate(parse_policy(document), facts(category="payments.transfer"))


def outcome(name: str, found: Held) -> str:
    """Return where a submission ends, as `services.judging` has it."""
    if found.refusals:
        return "deny"
    given = answered(evaluation_of(name), found).outcome
    return "require_approval" if given == "allow" and found.demands else given


ASKS = "require_approval"
TABLE = [
    # level        a rule allows  asks  denies  the default asks  denies
    (None,         "allow",       ASKS, "deny", ASKS,             "deny"),
    ("policy",     "allow",       ASKS, "deny", ASKS,             "deny"),
    ("act",        "allow",       ASKS, "deny", "allow",          "deny"),
    ("ask",        ASKS,          ASKS, "deny", ASKS,             "deny"),
    ("recommend",  "deny",        "deny", "deny", "deny",         "deny"),
    ("unheard of", ASKS,          ASKS, "deny", ASKS,             "deny"),
]  # fmt: skip


@pytest.mark.parametrize(("level", "expected"), [(row[0], row[1:]) for row in TABLE])
def test_each_level_makes_of_each_answer(level: str | None, expected: tuple[str, ...]) -> None:
    found = held(asked(level))
    assert tuple(outcome(name, found) for name in POLICIES) == expected


OTHERS = {
    "nothing": Held(),
    "a demand": Held((), (Demand("guardrail_ask", "The guardrails want a person."),)),
    "a refusal": Held((Refusal("killed", "Everything is stopped."),)),
}


@given(
    st.sampled_from(LEVELS),
    st.sampled_from(list(POLICIES)),
    st.sampled_from(list(OTHERS)),
    st.sampled_from([None, {"name": "production", "is_read_only": False},
                     {"name": "production", "is_read_only": True}]),
    st.booleans(),
)  # fmt: skip
def test_it_is_never_looser_but_where_acting_answers_a_default_that_asks(
    level: str | None, name: str, other: str, environment: dict[str, Any] | None, is_reading: bool
) -> None:
    without = outcome(name, OTHERS[other])
    one = held(asked(level, environment=environment, is_reading=is_reading))
    with_it = outcome(name, together((OTHERS[other], one)))
    is_the_case = (level, name, other) == ("act", "the default asks", "nothing")
    is_closed = environment is not None and environment["is_read_only"] and not is_reading
    if is_the_case and not is_closed:
        assert (without, with_it) == ("require_approval", "allow")
    else:
        assert OUTCOMES.index(with_it) <= OUTCOMES.index(without)


@pytest.mark.parametrize(
    ("level", "own", "pattern", "code", "sentence"),
    [
        ("recommend", True, "payments.*", "recommend_only",
         ("payer only recommends below payments: nothing is done, and it is kept here as a"
         " recommendation for a person to see.")),
        ("recommend", False, "*", "recommend_only",
         ("payer only recommends everywhere (set for every agent): nothing is done, and it is kept"
         " here as a recommendation for a person to see.")),
        ("ask", True, "payments.transfer", "autonomy_ask",
         "payer always asks a person in payments.transfer."),
    ],
)  # fmt: skip
def test_it_says_what_holds_and_whose_rule_it_is(
    level: str, own: bool, pattern: str, code: str, sentence: str
) -> None:
    found = held(asked(level, own=own, pattern=pattern))
    said = [(each.code, each.sentence) for each in found.refusals]
    said += [(each.code, each.sentence) for each in found.demands]
    assert said == [(code, sentence)]


def test_an_act_says_why_it_is_allowed_and_keeps_the_trace() -> None:
    before = evaluation_of("the default asks")
    after = answered(before, held(asked("act")))
    assert (
        after.because == "No rule of the policy matched, and payer acts on its own below payments."
    )
    assert (after.rules, after.used_default, after.requirements) == (before.rules, True, ())


@pytest.mark.parametrize(
    ("rule", "named", "is_reading", "sentence"),
    [
        (None, "production", False, ""),
        ({"name": "production", "is_read_only": False}, "production", False, ""),
        ({"name": "production", "is_read_only": True}, "production", True, ""),
        ({"name": "production", "is_read_only": True}, "Production ", False,
         ("The environment Production  is read-only: Bank transfer is not marked as reading, so it"
         " is refused there. Name another environment, or have it opened.")),
        ({"name": "*", "is_read_only": True}, "lab", False,
         ("The environment lab is not listed, and what is not listed is read-only: Bank transfer is"
         " not marked as reading, so it is refused there. Name another environment, or have it"
         " opened.")),
        ({"name": "production", "is_read_only": True}, "prod uction", False,
         ("prod uction cannot be listed, so the strictest rule holds, which is read-only: Bank"
         " transfer is not marked as reading, so it is refused there. Name another environment, or"
         " have it opened.")),
    ],
)  # fmt: skip
def test_what_is_not_reading_is_refused_where_nothing_may_change(
    rule: dict[str, Any] | None, named: str, is_reading: bool, sentence: str
) -> None:
    found = held(asked(environment=rule, named=named, is_reading=is_reading))
    expected = (Refusal("environment_read_only", sentence),) if sentence else ()
    assert found == Held(expected)


def test_what_is_refused_anyway_is_not_refused_twice() -> None:
    one = asked("recommend", environment={"name": "*", "is_read_only": True})
    assert held(Asked(one.agent, one.submission, None, NOW, one.known)) == Held()
