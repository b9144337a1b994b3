from __future__ import annotations

from pathlib import Path

import pytest

from approvals.enums import Risk
from approvals.policies import load_policy
from approvals.policies.fields import find_field
from approvals.policies.operator_table import BY_KIND, OPERATORS
from approvals.policies.parsing_obligations import KEYS
from approvals.policies.reference import (
    FieldEntry,
    OperatorEntry,
    describe_language,
    write_reference,
)
from approvals.policies.reference_text import DOCUMENT
from approvals.policies.rules import OUTCOMES
from tenants.enums import CostClass, TrustTier

PAGE = Path(__file__).parents[3] / "docs" / "policy-language.md"
LANGUAGE = describe_language()


def test_the_committed_page_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == write_reference()


def test_the_example_of_the_page_is_a_policy() -> None:
    text = DOCUMENT.split("```yaml\n")[1].split("```")[0]

    assert [rule.id for rule in load_policy(text).rules] == ["large-transfers"]


def test_the_language_names_every_operator_outcome_and_obligation() -> None:
    assert tuple(each.name for each in LANGUAGE.operators) == OPERATORS
    assert {each.name for each in LANGUAGE.outcomes} == set(OUTCOMES)
    assert tuple(each.name for each in LANGUAGE.obligations) == KEYS


@pytest.mark.parametrize("entry", LANGUAGE.fields, ids=lambda entry: str(entry.name))
def test_each_field_is_found_by_its_name_and_described_in_one_sentence(entry: FieldEntry) -> None:
    name = entry.name.replace("<name>", "amount").replace("<category>", "payments.*")
    field = find_field(name)

    assert field is not None
    assert entry.kind == field.kind.name.lower()
    assert entry.operators == tuple(each for each in OPERATORS if each in BY_KIND[field.kind])
    assert entry.description[0].isupper()
    assert entry.description.count(". ") == 0
    assert entry.description.endswith(".")


def test_entries_for_the_editor() -> None:
    fields = {each.name: each for each in LANGUAGE.fields}
    operators = {each.name: each for each in LANGUAGE.operators}

    assert fields["category.risk"].choices == ("low", "medium", "high", "critical")
    assert fields["time.business_hours"].choices == ("true", "false")
    assert fields["agent.name"].choices == ()
    assert operators["gt"] == OperatorEntry("gt", "is over", ">", "one")
    assert operators["contains_any"] == OperatorEntry(
        "contains_any", "contains any of", "contains any", "list"
    )
    assert operators["absent"] == OperatorEntry("absent", "is not given", "is missing", "none")


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("category.risk", Risk.values),
        ("category.cost_class", CostClass.values),
        ("agent.tier", TrustTier.values),
    ],
)
def test_the_choices_are_those_of_the_tables(name: str, choices: list[str]) -> None:
    field = find_field(name)

    assert field is not None
    assert list(field.choices) == choices
