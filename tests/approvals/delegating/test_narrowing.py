"""What may be handed on: never more than there is, at any link."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.delegating.narrowing import (
    Rights,
    Wanted,
    allows,
    budget_words,
    covers_category,
    narrows,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WHOLE = Rights(None, None, None, NOON + HOUR, 4)

_SEGMENTS = ("pay", "mail", "eu")
_KEYS = tuple(".".join(each) for length in (1, 2, 3) for each in product(_SEGMENTS, repeat=length))
_PATTERNS = (*_KEYS, *(f"{key}.*" for key in _KEYS))
_SYSTEMS = ("bank", "crm", "erp")


def _some(names: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...] | None]:
    return st.none() | st.lists(st.sampled_from(names), max_size=4).map(tuple)


_MONEY = st.integers(0, 300).map(lambda cents: Decimal(cents) / 100)
_BUDGETS = st.none() | st.dictionaries(st.sampled_from(("EUR", "USD")), _MONEY, max_size=2)
RIGHTS = st.builds(
    Rights,
    categories=_some(_PATTERNS),
    integrations=_some(_SYSTEMS),
    budget=_BUDGETS,
    expires_at=st.integers(0, 6).map(lambda minutes: NOON + timedelta(minutes=minutes)),
    depth_left=st.integers(-1, 8),
)
WANTED = st.builds(
    Wanted,
    category=st.sampled_from(_KEYS),
    at=st.integers(0, 6).map(lambda minutes: NOON + timedelta(minutes=minutes)),
    integration=st.sampled_from(("", *_SYSTEMS)),
    # An amount without a currency is held to every currency of each link by itself (below).
    money=_BUDGETS,
)


@st.composite
def _part_of(draw: st.DrawFn, parent: Rights) -> Rights:
    """Draw rights, and cut them down to what they are handed on from."""
    drawn = draw(RIGHTS)
    names = drawn.categories if drawn.categories is not None else parent.categories
    kept = names and tuple(
        each
        for each in names
        if not narrows(replace(WHOLE, categories=parent.categories), _only(each))
    )
    systems = drawn.integrations if drawn.integrations is not None else parent.integrations
    if systems is not None and parent.integrations is not None:
        systems = tuple(each for each in systems if each in parent.integrations)
    budget = drawn.budget if drawn.budget is not None else parent.budget
    if budget is not None and parent.budget is not None:
        budget = {
            each: min(amount, parent.budget[each])
            for each, amount in budget.items()
            if each in parent.budget
        }
    return Rights(
        kept if names is not None else None,
        systems,
        budget,
        min(drawn.expires_at, parent.expires_at),
        draw(st.integers(0, max(parent.depth_left - 1, 0))),
    )


def _only(pattern: str) -> Rights:
    return Rights((pattern,), None, None, NOON, 0)


@given(st.data())
def test_what_the_end_of_a_chain_allows_every_link_allows(data: st.DataObject) -> None:
    chain = [replace(data.draw(RIGHTS), depth_left=8)]
    for _ in range(data.draw(st.integers(1, 5))):
        child = data.draw(_part_of(chain[-1]))
        child = replace(child, depth_left=chain[-1].depth_left - 1)
        assert narrows(chain[-1], child) == ()
        chain.append(child)
    wanted = data.draw(WANTED)
    if not allows(chain[-1], wanted):
        assert [allows(link, wanted) for link in chain] == [()] * len(chain)


@given(RIGHTS, RIGHTS, WANTED)
def test_what_is_handed_on_never_allows_what_it_comes_from_does_not(
    parent: Rights, child: Rights, wanted: Wanted
) -> None:
    if not narrows(parent, child) and not allows(child, wanted):
        assert allows(parent, wanted) == ()


@given(st.lists(RIGHTS, min_size=2, max_size=6))
def test_a_link_is_refused_only_for_something_that_it_could_do_and_its_parent_not(
    links: list[Rights],
) -> None:
    for parent, child in pairwise(links):
        parts = {problem.part for problem in narrows(parent, child)}
        assert ("categories" in parts) is _reaches_more(parent, child)


def _reaches_more(parent: Rights, child: Rights) -> bool:
    """Look for a category of the child's that is none of the parent's, among all that could be."""
    patterns = ("*",) if child.categories is None else child.categories
    # A name that nobody writes stands for all that a pattern has and a list of names has not.
    tried = {pattern.replace("*", "unheard-of") for pattern in patterns}
    return any(
        covers_category(child.categories, each) and not covers_category(parent.categories, each)
        for each in tried
    )


@given(RIGHTS)
def test_nothing_is_handed_on_for_ever(rights: Rights) -> None:
    handed, times = rights, 0
    while not narrows(handed, child := replace(handed, depth_left=handed.depth_left - 1)):
        handed, times = child, times + 1
    assert times == max(rights.depth_left, 0)


CATEGORY_TABLE = [
    # of the parent, of the child, is it part of it
    (None, None, True),
    (None, ("pay.*",), True),
    (("pay.*",), None, False),
    (("pay.*",), ("pay.*",), True),
    (("pay.*",), ("pay.out",), True),
    (("pay.*",), ("pay.out.*",), True),
    (("pay.*",), ("pay.out.eu",), True),
    (("pay.*",), ("pay",), False),
    (("pay.*",), ("payroll.run",), False),
    (("pay",), ("pay",), True),
    (("pay",), ("pay.out",), False),
    (("pay",), ("pay.*",), False),
    (("pay.out",), ("pay.*",), False),
    (("pay.out.*",), ("pay.*",), False),
    (("pay.out", "pay.in"), ("pay.in",), True),
    (("pay.out", "mail.*"), ("pay.out", "mail.send"), True),
    (("pay.out", "mail.*"), ("pay.out", "sms.send"), False),
    ((), ("pay.out",), False),
    (("pay.out",), (), True),
]


@pytest.mark.parametrize(("parent", "child", "is_part"), CATEGORY_TABLE)
def test_categories(
    parent: tuple[str, ...] | None, child: tuple[str, ...] | None, is_part: bool
) -> None:
    problems = narrows(
        replace(WHOLE, categories=parent), replace(WHOLE, categories=child, depth_left=0)
    )
    assert ([each.part for each in problems] == []) is is_part


INTEGRATION_TABLE = [
    (None, None, True),
    (None, ("bank",), True),
    (("bank",), None, False),
    (("bank",), ("bank",), True),
    (("bank",), ("crm",), False),
    (("bank", "crm"), ("crm",), True),
    (("bank",), (), True),
]


@pytest.mark.parametrize(("parent", "child", "is_part"), INTEGRATION_TABLE)
def test_integrations(
    parent: tuple[str, ...] | None, child: tuple[str, ...] | None, is_part: bool
) -> None:
    problems = narrows(
        replace(WHOLE, integrations=parent), replace(WHOLE, integrations=child, depth_left=0)
    )
    assert ([each.part for each in problems] == []) is is_part


BUDGET_TABLE = [
    (None, None, True),
    (None, {"EUR": "5"}, True),
    ({"EUR": "5"}, None, False),
    ({"EUR": "5"}, {"EUR": "5"}, True),
    ({"EUR": "5"}, {"EUR": "5.000001"}, False),
    ({"EUR": "5"}, {"EUR": "4.99"}, True),
    ({"EUR": "5"}, {"USD": "1"}, False),
    ({"EUR": "5"}, {"USD": "0"}, True),
    ({"EUR": "5", "USD": "1"}, {"USD": "1"}, True),
    (None, {"EUR": "-1"}, False),
]


@pytest.mark.parametrize(("parent", "child", "is_part"), BUDGET_TABLE)
def test_budgets(
    parent: dict[str, str] | None, child: dict[str, str] | None, is_part: bool
) -> None:
    problems = narrows(
        replace(WHOLE, budget=_money(parent)), replace(WHOLE, budget=_money(child), depth_left=0)
    )
    assert ([each.part for each in problems] == []) is is_part


def _money(amounts: dict[str, str] | None) -> dict[str, Decimal] | None:
    if amounts is None:
        return None
    return {each: Decimal(amount) for each, amount in amounts.items()}


@pytest.mark.parametrize("parent", range(-1, 9))
@pytest.mark.parametrize("child", range(-1, 9))
def test_each_link_leaves_fewer_links(parent: int, child: int) -> None:
    problems = narrows(replace(WHOLE, depth_left=parent), replace(WHOLE, depth_left=child))
    codes = [each.code for each in problems]
    assert codes == ([] if 0 <= child < parent else ["delegation_too_deep"])


@pytest.mark.parametrize(("seconds", "is_part"), [(-1, True), (0, True), (1, False)])
def test_nothing_outlives_what_it_comes_from(seconds: int, is_part: bool) -> None:
    child = replace(WHOLE, expires_at=WHOLE.expires_at + timedelta(seconds=seconds), depth_left=0)
    assert ([each.part for each in narrows(WHOLE, child)] == []) is is_part


def test_every_way_of_being_wider_is_said() -> None:
    parent = Rights(("pay.*",), ("bank",), {"EUR": Decimal("5.00")}, NOON, 1)
    child = Rights(("pay.out", "mail"), ("bank", "crm"), {"EUR": Decimal(6)}, NOON + HOUR, 1)
    assert [(each.code, each.part, each.sentence) for each in narrows(parent, child)] == [
        (
            "delegation_too_wide", "categories",
            "The category mail is not part of what it is handed on from (pay.*).",
        ),
        (
            "delegation_too_wide", "integrations",
            "The integration crm is not part of what it is handed on from (bank).",
        ),
        ("delegation_too_wide", "budget", "EUR 6 is more than there is (EUR 5.00)."),
        (
            "delegation_too_wide", "expires_at",
            "It would outlive what it comes from: 2026-11-21 12:00:00 UTC.",
        ),
        ("delegation_too_deep", "depth", "This is the last link that may follow: ask for depth 0."),
    ]  # fmt: skip


MONEY_TABLE: list[tuple[dict[str, str] | None, dict[str, str] | None, bool]] = [
    # the budget, what is wanted, is it allowed
    (None, None, True),
    (None, {"EUR": "-5"}, True),
    ({"EUR": "5"}, None, False),
    ({"EUR": "5"}, {}, True),
    ({"EUR": "5"}, {"EUR": "5"}, True),
    ({"EUR": "5"}, {"EUR": "5.01"}, False),
    ({"EUR": "5"}, {"EUR": "0"}, True),
    ({"EUR": "5"}, {"EUR": "-1"}, False),
    ({"EUR": "5"}, {"USD": "1"}, False),
    ({"EUR": "5"}, {"USD": "0"}, True),
    ({"EUR": "5"}, {"EUR": "5", "USD": "1"}, False),
    ({"EUR": "5", "USD": "1"}, {"EUR": "5", "USD": "1"}, True),
    # What has no currency counts in each.
    ({"EUR": "5"}, {"XXX": "5"}, True),
    ({"EUR": "5"}, {"XXX": "5", "EUR": "0.01"}, False),
    ({"EUR": "5", "USD": "1"}, {"XXX": "1"}, True),
    ({"EUR": "5", "USD": "1"}, {"XXX": "1.01"}, False),
    ({"EUR": "5"}, {"XXX": "1", "USD": "0"}, True),
    ({}, {"XXX": "1"}, False),
    ({}, {"XXX": "0"}, True),
]


@pytest.mark.parametrize(("budget", "money", "is_allowed"), MONEY_TABLE)
def test_a_budget_holds_who_says_what_it_moves_and_costs(
    budget: dict[str, str] | None, money: dict[str, str] | None, is_allowed: bool
) -> None:
    wanted = Wanted("pay", NOON, "", _money(money))
    problems = allows(replace(WHOLE, budget=_money(budget)), wanted)
    assert {each.code for each in problems} == (set() if is_allowed else {"budget_exceeded"})


def test_an_end_is_not_part_of_the_time() -> None:
    last = WHOLE.expires_at - timedelta(microseconds=1)
    assert allows(WHOLE, Wanted("pay", last)) == ()
    codes = [each.code for each in allows(WHOLE, Wanted("pay", WHOLE.expires_at))]
    assert codes == ["delegation_expired"]


def test_an_action_without_an_integration_needs_none() -> None:
    held = replace(WHOLE, integrations=("bank",))
    assert allows(held, Wanted("pay", NOON)) == ()
    assert [each.sentence for each in allows(held, Wanted("pay", NOON, "crm"))] == [
        "It reaches bank, not crm."
    ]


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (None, "no limit"),
        ({"EUR": "500"}, "EUR 500"),
        ({"USD": "0.500000", "EUR": "1.234500"}, "EUR 1.2345, USD 0.50"),
    ],
)
def test_a_budget_in_words(budget: dict[str, str] | None, words: str) -> None:
    assert budget_words(_money(budget)) == words
