"""A token has what its key has, or less: as a table, and for any words that may be sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.scopes import ALL, covers, in_order, is_pattern, narrowed

HELD = st.sets(st.sampled_from(ALL))
WORDS = st.lists(st.sampled_from([*ALL, "admin", "READ", "read*", ""]), max_size=5).map(" ".join)


def test_there_are_these_scopes() -> None:
    assert ALL == ("submit", "read", "grant", "report", "redeem", "spend", "delegate", "model")


@pytest.mark.parametrize(
    ("held", "asked", "given"),
    [
        (("read", "submit"), None, ("submit", "read")),
        (("read", "submit"), "read", ("read",)),
        (("read", "submit"), "read submit", ("submit", "read")),
        (("read", "submit"), "read read", ("read",)),
        (("read", "submit"), "grant", None),
        (("read", "submit"), "read grant", None),
        (("read", "submit"), "Read", None),
        (("read", "submit"), "", None),
        (("read", "submit"), "read ", None),
        (("read", "submit"), "read  submit", None),
        (("read", "submit"), "read\tsubmit", None),
        (("read", "submit"), 'read "submit"', None),
        (("read", "submit"), "*", None),
        ((), None, ()),
        ((), "read", None),
        (("read", "unheard-of"), "unheard-of", None),
        (("read", "unheard-of"), None, ("read",)),
    ],
)
def test_a_scope_parameter_narrows(
    held: tuple[str, ...], asked: str | None, given: tuple[str, ...] | None
) -> None:
    assert narrowed(held, asked) == given


@given(held=HELD, asked=st.none() | WORDS | st.text(max_size=40))
def test_what_is_given_is_never_wider(held: set[str], asked: str | None) -> None:
    given = narrowed(held, asked)
    if given is not None:
        assert set(given) <= held
        assert given == in_order(given)
        if asked is not None:
            assert set(given) == set(asked.split(" "))


@given(held=HELD, first=WORDS, second=WORDS)
def test_narrowing_twice_is_never_wider_than_once(held: set[str], first: str, second: str) -> None:
    once = narrowed(held, first)
    twice = None if once is None else narrowed(once, second)
    if twice is not None and once is not None:
        assert set(twice) <= set(once) <= held


@pytest.mark.parametrize(
    ("patterns", "category", "is_covered"),
    [
        ((), "payments.transfer", True),
        (("payments.transfer",), "payments.transfer", True),
        (("payments.transfer",), "payments.transfers", False),
        (("payments.*",), "payments.transfer", True),
        (("payments.*",), "payments.card.refund", True),
        (("payments.*",), "payments", False),
        (("payments.*",), "paymentsx.transfer", False),
        (("notes.*", "payments.card"), "payments.card", True),
        (("notes.*",), "payments.card", False),
    ],
)
def test_a_key_is_for_what_its_patterns_cover(
    patterns: tuple[str, ...], category: str, is_covered: bool
) -> None:
    assert covers(patterns, category) == is_covered


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("payments", True),
        ("payments.transfer", True),
        ("payments.*", True),
        ("unheard-of.thing_2", True),
        ("*", False),
        ("payments.*.x", False),
        ("payments*", False),
        ("Payments", False),
        ("payments..x", False),
        ("", False),
        ("a" * 101, False),
    ],
)
def test_what_is_a_pattern(text: str, is_one: bool) -> None:
    assert is_pattern(text) == is_one
