"""The form of a policy takes whatever is sent, and shows whatever is stored."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from approvals.policies.form_shape import (
    from_fields,
    is_editable,
    to_fields,
)
from tests.approvals.policies.builders import compare, document, rule

A, B, C, D = (compare(f"payload.{name}", "eq", 1) for name in "abcd")


HOSTILE = st.sampled_from(
    ["rules-0-id", "rules-0-c-0-value", "rules-0-c-0-op", "rules-0-c-1-field", "rules-0-text"]
) | st.text(st.sampled_from("rulesflowc-0129"), max_size=20)


@given(st.dictionaries(HOSTILE, st.text(max_size=10) | st.lists(st.text(max_size=5), max_size=3)))
def test_any_fields_can_be_read_and_shown_again(fields: Any) -> None:
    made, _ = from_fields(fields)

    assert from_fields(to_fields(made))[0] == made


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["all", "any", "not", "field", "op", "value", "stages", "seats", "id"]),
            inner,
            max_size=3,
        )
    ),
)


PLACES = (
    *("rules", "rules/0", "rules/0/when", "rules/0/when/conditions", "rules/0/when/category"),
    *("flows", "flows/one", "flows/one/stages/0", "flows/one/stages/0/seats/0", "default"),
)


@given(JSON, st.sampled_from(PLACES))
def test_any_plain_data_can_be_shown(value: Any, where: str) -> None:
    made = copy.deepcopy(document(rule(conditions=A)))
    *parents, last = where.split("/")
    inner: Any = made
    for key in parents:
        inner = inner[int(key)] if isinstance(inner, list) else inner[key]
    inner[int(last) if isinstance(inner, list) else last] = value

    assert isinstance(to_fields(made), dict)
    assert is_editable(made) in {True, False}
