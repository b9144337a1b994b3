"""Tiers from conduct: a literal table, and that more of what is bad never raises one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.trust import (
    BAD,
    DEFAULT_STANDARDS,
    TIERS,
    Conduct,
    Standard,
    Standards,
    faults_of,
    is_looser,
    tier_of,
)

SOLID = Conduct(age_days=120, approved=150, allowed=100)


@pytest.mark.parametrize(
    ("conduct", "tier", "ceiling"),
    [
        (Conduct(), "new", "high"),
        (Conduct(age_days=400), "new", "high"),  # nothing on record is no fault
        (Conduct(age_days=6, approved=500), "new", "high"),
        (Conduct(age_days=7, approved=10), "low", "high"),
        (Conduct(age_days=7, approved=9), "new", "high"),
        (Conduct(age_days=30, allowed=50), "medium", "high"),
        (Conduct(age_days=90, approved=200), "high", "high"),
        (SOLID, "high", "high"),
        # Two of a kind never count, the third does when the share is too large.
        (replace(SOLID, denied=2), "high", "high"),
        (replace(SOLID, approved=10, allowed=240, denied=2), "high", "high"),
        (replace(SOLID, approved=10, allowed=240, denied=3), "low", "low"),
        (replace(SOLID, denied=7), "high", "high"),  # 7 of 157: 4.46 %
        (replace(SOLID, denied=8), "medium", "medium"),  # 8 of 158: 5.06 %
        (replace(SOLID, denied=37), "medium", "medium"),
        (replace(SOLID, denied=38), "low", "low"),  # 38 of 188: 20.2 %
        (replace(SOLID, denied=100), "low", "low"),  # 100 of 250: 40 %
        (replace(SOLID, denied=101), "new", "new"),
        (replace(SOLID, failed=13), "high", "high"),  # 13 of 263: 4.94 %
        (replace(SOLID, failed=14), "medium", "medium"),
        (replace(SOLID, expired=38), "medium", "medium"),  # 38 of 188: 20.2 %
        (replace(SOLID, blocked=28), "medium", "medium"),  # 28 of 278: 10.07 %
        (replace(SOLID, found=6), "medium", "medium"),  # 6 of 256: 2.34 %
        (replace(SOLID, found=63), "new", "new"),  # 63 of 313: 20.1 %
        # Conduct leaves what is not earned yet.
        (Conduct(age_days=8, approved=10, failed=3), "low", "low"),
        (Conduct(age_days=8, failed=3), "new", "new"),
    ],
)
def test_the_tier_and_the_ceiling(conduct: Conduct, tier: str, ceiling: str) -> None:
    judged = tier_of(conduct)
    assert (judged.tier, judged.ceiling) == (tier, ceiling)


def test_it_is_explained_in_sentences() -> None:
    conduct = Conduct(
        age_days=40, approved=60, allowed=4, denied=1, expired=2, failed=8, blocked=1, found=1
    )
    assert tier_of(conduct).because == (
        "In the last 90 days 64 actions went well: people approved 60, and rules allowed 4.",
        "1 was denied, 1.7 % of what people decided: too few to count.",
        "2 expired, 3.3 % of what people were asked: too few to count.",
        "8 failed or were rolled back, 11.2 % of what was permitted.",
        "1 was blocked, 1.6 % of what was asked for: too few to count.",
        "1 was refused by the guardrails, 1.6 % of all: too few to count.",
        "High takes 90 days since it was registered, and it has 40.",
        "High takes 200 actions that went well, and it has 64.",
        "High takes at most 5 % failed, and it has 11.2 %.",
    )


def test_whoever_has_the_highest_tier_is_told_nothing_is_missing() -> None:
    assert tier_of(SOLID).because == (
        "In the last 90 days 250 actions went well: people approved 150, and rules allowed 100.",
    )


COUNTS = st.integers(0, 300)
CONDUCTS = st.builds(
    Conduct,
    age_days=st.integers(0, 200),
    approved=COUNTS,
    allowed=COUNTS,
    denied=COUNTS,
    expired=COUNTS,
    failed=COUNTS,
    blocked=COUNTS,
    found=COUNTS,
)
PERCENT = st.integers(0, 100)


@st.composite
def usable_standards(draw: st.DrawFn) -> Standards:
    """Standards that ask for more from tier to tier."""
    least = [sorted(draw(st.tuples(*[st.integers(0, 200)] * 3))) for _ in range(2)]
    most = [sorted(draw(st.tuples(*[PERCENT] * 3)), reverse=True) for _ in range(5)]
    low, medium, high = (Standard(*(each[n] for each in (*least, *most))) for n in range(3))
    return Standards(low, medium, high, grace=draw(st.integers(0, 5)))


def place(conduct: Conduct, standards: Standards) -> tuple[int, int]:
    judged = tier_of(conduct, standards)
    return TIERS.index(judged.tier), TIERS.index(judged.ceiling)


def not_above(after: tuple[int, int], before: tuple[int, int]) -> bool:
    """Neither the tier nor the ceiling."""
    return all(one <= other for one, other in zip(after, before, strict=True))


@given(CONDUCTS, usable_standards(), st.sampled_from(BAD), st.integers(1, 50))
def test_more_of_what_is_bad_never_raises(
    conduct: Conduct, standards: Standards, kind: str, more: int
) -> None:
    worse = replace(conduct, **{kind: conduct.bad(kind) + more})
    assert not_above(place(worse, standards), place(conduct, standards))


@given(CONDUCTS, usable_standards(), st.sampled_from(["approved", "allowed"]), st.sampled_from(BAD))
def test_what_went_well_and_turns_out_bad_never_raises(
    conduct: Conduct, standards: Standards, good: str, kind: str
) -> None:
    count = getattr(conduct, good)
    better = replace(conduct, **{good: count + 1})
    worse = replace(conduct, **{kind: conduct.bad(kind) + 1})
    assert not_above(place(worse, standards), place(better, standards))


@given(CONDUCTS, usable_standards())
def test_nobody_has_earned_more_than_conduct_leaves(conduct: Conduct, standards: Standards) -> None:
    tier, ceiling = place(conduct, standards)
    assert tier <= ceiling


@given(CONDUCTS, usable_standards(), usable_standards())
def test_standards_that_are_not_looser_raise_nobody(
    conduct: Conduct, before: Standards, after: Standards
) -> None:
    if not is_looser(before, after):
        assert not_above(place(conduct, after), place(conduct, before))


@given(usable_standards())
def test_what_asks_for_more_from_tier_to_tier_can_be_used(standards: Standards) -> None:
    assert list(faults_of(standards)) == []
    assert Standards.of(standards.to_dict()) == standards


HIGH = DEFAULT_STANDARDS.high


@pytest.mark.parametrize(
    ("after", "looser"),
    [
        (DEFAULT_STANDARDS, False),
        (replace(DEFAULT_STANDARDS, high=replace(HIGH, well=199)), True),
        (replace(DEFAULT_STANDARDS, high=replace(HIGH, well=201)), False),
        (replace(DEFAULT_STANDARDS, high=replace(HIGH, failed=6)), True),
        (replace(DEFAULT_STANDARDS, high=replace(HIGH, failed=4)), False),
        (replace(DEFAULT_STANDARDS, grace=3), True),
        (replace(DEFAULT_STANDARDS, grace=1), False),
        (replace(DEFAULT_STANDARDS, window_days=89), True),
        (replace(DEFAULT_STANDARDS, window_days=91), True),
    ],
)
def test_what_is_looser(after: Standards, looser: bool) -> None:
    assert is_looser(DEFAULT_STANDARDS, after) is looser


@pytest.mark.parametrize(
    ("standards", "faults"),
    [
        (DEFAULT_STANDARDS, []),
        (replace(DEFAULT_STANDARDS, window_days=6), ["window_days"]),
        (replace(DEFAULT_STANDARDS, grace=21), ["grace"]),
        (replace(DEFAULT_STANDARDS, high=replace(HIGH, well=49)), ["high.well"]),
        (replace(DEFAULT_STANDARDS, high=replace(HIGH, failed=16)), ["high.failed"]),
        (replace(DEFAULT_STANDARDS, high=replace(HIGH, failed=-1)), ["high.failed"]),
        (
            replace(DEFAULT_STANDARDS, low=replace(DEFAULT_STANDARDS.low, denied=101)),
            ["low.denied"],
        ),
    ],
)
def test_what_cannot_be_used(standards: Standards, faults: list[str]) -> None:
    assert [name for name, _ in faults_of(standards)] == faults
