"""The rules of the demonstration: each version is a policy, and changes what its remark says."""

import pytest

from approvals.demo.changes import (
    _changed,
    draft_policy,
    first_policy,
    second_policy,
    stricter_policy,
)
from approvals.policies import load_policy
from approvals.policies.comparing import compare_policies


def effects(before: str, after: str) -> list[str]:
    found = compare_policies(load_policy(before), load_policy(after))
    return [f"{each.direction}: {each.rule_id}" for each in found.reasons]


def test_each_version_changes_what_its_remark_says() -> None:
    assert effects(first_policy(), second_policy()) == ["tightens: no-payments-to-crypto"]
    assert set(effects(second_policy(), stricter_policy())) == {
        "tightens: first-payments",
        "tightens: large-payments",
        "tightens: small-payments",
        "weakens: first-payments",
        "weakens: large-payments",
    }
    assert effects(second_policy(), draft_policy()) == ["tightens: late-deploys"]


def test_a_text_that_is_not_there_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="no longer says 'gambling parlours'"):
        _changed(second_policy(), "gambling parlours", "")
