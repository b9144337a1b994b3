"""The most specific rule wins, and what gives more is known as that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.enums import AutonomyLevel
from tenants.levels import LevelRule, fits, is_autonomy_pattern, level_for, rank, widens

LEVELS = [level.value for level in AutonomyLevel]


@pytest.mark.parametrize(
    ("pattern", "category", "expected"),
    [
        ("payments.transfer", "payments.transfer", True),
        ("payments.transfer", "payments.transfers", False),
        ("payments.*", "payments.transfer", True),
        ("payments.*", "payments.transfer.sepa", True),
        ("payments.*", "payments", False),
        ("payments.*", "paymentsx.transfer", False),
        ("*", "notes", True),
    ],
)
def test_a_pattern_fits_what_is_below_it(pattern: str, category: str, expected: bool) -> None:
    assert fits(pattern, category) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*", True), ("payments.*", True), ("payments.transfer", True), ("", False), ("**", False),
        ("pay*", False), ("payments.", False), ("Payments", False), ("a b", False),
    ],
)  # fmt: skip
def test_what_is_a_pattern(text: str, expected: bool) -> None:
    assert is_autonomy_pattern(text) is expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], "policy"),
        ([("", "*", "ask")], "ask"),
        ([("", "*", "ask"), ("", "a.*", "act")], "act"),
        ([("", "a.*", "act"), ("", "a.b.*", "recommend")], "recommend"),
        ([("", "a.b.c", "policy"), ("", "a.b.*", "recommend")], "policy"),
        # The agent's own before everything that is for every agent.
        ([("me", "*", "ask"), ("", "a.b.c", "act")], "ask"),
        ([("me", "*", "ask"), ("me", "a.*", "act"), ("", "a.b.c", "recommend")], "act"),
        ([("you", "a.b.c", "act")], "policy"),
        ([("", "x.*", "act")], "policy"),
    ],
)
def test_the_most_specific_rule_wins(rules: list[tuple[str, str, str]], expected: str) -> None:
    found = [LevelRule(*rule) for rule in rules]
    assert level_for(found, "me", "a.b.c") == expected
    assert level_for(reversed(found), "me", "a.b.c") == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [("", "*", "ask")], False),
        ([], [("", "*", "act")], True),
        ([], [("me", "a.b", "act")], True),
        ([], [("me", "a.b", "policy")], False),
        ([("", "*", "ask")], [], True),
        ([("", "*", "act")], [], False),
        ([("", "*", "recommend")], [("", "*", "ask")], True),
        ([("", "*", "ask")], [("", "*", "recommend")], False),
        # A stricter level than the default can give more where a broader rule is stricter still.
        ([("", "*", "recommend")], [("", "*", "recommend"), ("me", "a.*", "ask")], True),
        # What the agent's own rule covers anyway changes nothing.
        (
            [("me", "*", "ask"), ("", "*", "ask")],
            [("me", "*", "ask"), ("", "*", "ask"), ("me", "a", "ask")],
            False,
        ),
        ([("me", "*", "ask"), ("you", "*", "ask")], [("me", "*", "ask")], True),
    ],
)
def test_what_gives_more(
    before: list[tuple[str, str, str]], after: list[tuple[str, str, str]], expected: bool
) -> None:
    assert (
        widens([LevelRule(*rule) for rule in before], [LevelRule(*rule) for rule in after])
        is expected
    )


PATTERNS = ["*", "a.*", "a.b.*", "a.b", "a", "b.*", "b.c"]
CATEGORIES = ["a", "a.b", "a.c", "a.b.c", "b.c", "b.d", "c"]
AGENTS = ["me", "you", "them"]
RULE_SETS = st.dictionaries(
    st.tuples(st.sampled_from(["", "me", "you"]), st.sampled_from(PATTERNS)),
    st.sampled_from(LEVELS),
    max_size=8,
).map(lambda found: [LevelRule(*key, level) for key, level in found.items()])


@given(RULE_SETS, RULE_SETS)
def test_a_change_gives_more_when_anybody_may_do_more_anywhere(
    before: list[LevelRule], after: list[LevelRule]
) -> None:
    more = any(
        rank(level_for(after, agent, category)) > rank(level_for(before, agent, category))
        for agent in AGENTS
        for category in CATEGORIES
    )
    assert widens(before, after) is more


def test_what_is_no_level_is_the_least() -> None:
    assert [rank(level) for level in ("nonsense", *LEVELS)] == [-1, 0, 1, 2, 3]
