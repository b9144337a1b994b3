"""What each template decides, by itself and whatever is filled in."""

import re
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from approvals.payload_check import find_payload_errors
from approvals.policies import Facts, evaluate, load_policy, parse_policy
from approvals.policies.typing_check import check_types
from approvals.policy_templates import (
    TEMPLATES,
    AnswersInvalid,
    Blank,
    PolicyTemplate,
    fill_in,
    merge_document,
    write_source,
)
from approvals.schema_limits import require_usable_schema
from tests.approvals.policies.builders import document, facts, rule
from tests.approvals.policy_templates.rows import ROWS, Row

each_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
AMOUNTS = st.integers(0, 10**8).map(lambda cents: f"{cents // 100}.{cents % 100:02}")
SLUGS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)


def facts_of(template: PolicyTemplate, key: str, payload: dict[str, Any], known: Any) -> Facts:
    """What is known of a request in a category as the template makes it."""
    (setup,) = [each for each in template.categories if each.key == key]
    usual = {
        "category": key,
        "category_risk": setup.risk,
        "category_reversible": setup.is_reversible,
        "category_cost_class": setup.cost_class,
        "payload": payload,
        "payload_errors": find_payload_errors(setup.payload_schema, payload),
        "first_for_target": False,
        "amount_ratio": Decimal(1),
        "requests_last_hour": 3,
        "requests_last_day": 9,
    }
    return facts(**usual | known)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1]}-{row[6]}")
def test_example_requests(row: Row) -> None:
    key, category, payload, known, typed, outcome, because = row
    template = TEMPLATES[key]
    _, made = fill_in(template, typed)
    seen = facts_of(template, category, payload, known)
    assert seen.payload_errors == ()
    evaluation = evaluate(parse_policy(made), seen)
    deciding = [
        trace.rule_id
        for trace in evaluation.considered
        if trace.outcome == evaluation.outcome and trace.verdict != "not_matched"
    ]
    assert (evaluation.outcome, " ".join(sorted(deciding))) == (outcome, because)


def test_every_template_has_at_least_six_examples() -> None:
    counted = Counter(row[0] for row in ROWS)
    assert set(counted) == set(TEMPLATES)
    assert min(counted.values()) >= 6


@each_template
def test_defaults_give_a_policy_that_fits_the_categories(template: PolicyTemplate) -> None:
    _, made = fill_in(template, {})
    schemas = {each.key: each.payload_schema for each in template.categories}
    assert check_types(parse_policy(made), schemas) == []
    for setup in template.categories:
        require_usable_schema(dict(setup.payload_schema))


@each_template
def test_every_rule_names_what_it_serves_in_the_text(template: PolicyTemplate) -> None:
    _, made = fill_in(template, {})
    source = write_source(template, made)
    for each in made["rules"]:
        above = source.partition(f"- id: {each['id']}\n")[0].splitlines()
        articles = [f"# {one.reference}: {one.asks}" for one in template.serves[each["id"]]]
        assert articles
        assert above[-len(articles) :] == articles


@each_template
def test_every_name_that_serves_is_a_rule_for_some_answers(template: PolicyTemplate) -> None:
    switches = [blank.name for blank in template.blanks if blank.kind == "yes_no"]
    found = set()
    for answer in ("yes", "no"):
        _, made = fill_in(template, dict.fromkeys(switches, answer))
        found |= {each["id"] for each in made["rules"]}
    assert found == set(template.serves)


def typed_answer(blank: Blank) -> st.SearchStrategy[str]:
    """Whatever the blank accepts."""
    longest = int(blank.longest.total_seconds()) // 60
    match blank.kind:
        case "group":
            return SLUGS
        case "yes_no":
            return st.sampled_from(["yes", "no"])
        case "names":
            return st.lists(SLUGS, min_size=1, max_size=20).map(", ".join)
        case "currency":
            return st.from_regex(r"[A-Z]{3}", fullmatch=True)
        case "duration":
            return st.integers(1, longest).map(lambda minutes: f"{minutes}m")
        case "money":
            return AMOUNTS
        case "number":
            return st.decimals(blank.least, min(blank.most, Decimal(10**6)), places=2).map(str)


def filled(template: PolicyTemplate) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({blank.name: typed_answer(blank) for blank in template.blanks})


def fill(template: PolicyTemplate, typed: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return the document, or the names of the blanks that cannot be used."""
    try:
        return fill_in(template, typed)[1], []
    except AnswersInvalid as invalid:
        return {}, list(invalid.problems)


@each_template
@given(data=st.data())
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_filled_in_gives_a_policy(
    template: PolicyTemplate, data: st.DataObject
) -> None:
    typed = data.draw(filled(template))
    made, wrong = fill(template, typed)
    if wrong:  # two answers that do not go together
        assert wrong in (["threshold"], ["read_only"])
        return
    policy = parse_policy(made)
    assert load_policy(write_source(template, made)).document == policy.document
    assert {each.id for each in policy.rules} <= set(template.serves)
    live: Any = parse_policy(document(rule(), default="deny")).document
    merged = merge_document(live, policy.document, prefix=template.key)
    assert parse_policy(merged.document).default == "deny"
    assert merged.document["rules"][: len(live["rules"])] == live["rules"]


@each_template
@given(data=st.data())
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_no_category_of_a_template_falls_to_the_default(
    template: PolicyTemplate, data: st.DataObject
) -> None:
    """Merged into live rules whose default allows, nothing would be asked."""
    typed = data.draw(filled(template))
    setup = data.draw(st.sampled_from(template.categories))
    known = {
        "environment": data.draw(st.sampled_from(["production", "staging", "archive"])),
        "confidence": data.draw(st.none() | st.sampled_from([Decimal("0.5"), Decimal("0.99")])),
        "requests_last_hour": data.draw(st.integers(0, 10**6)),
        "requests_last_day": data.draw(st.integers(0, 10**6)),
    }
    payload = {name: data.draw(value_of(shape)) for name, shape in _required(setup.payload_schema)}
    made, wrong = fill(template, typed)
    assume(not wrong)
    seen = facts_of(template, setup.key, payload, known)
    assert not evaluate(parse_policy(made), seen).used_default


def _required(schema: Any) -> list[tuple[str, Any]]:
    return [(name, schema["properties"][name]) for name in schema["required"]]


def value_of(shape: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Whatever a schema of a template's field accepts."""
    if "enum" in shape:
        return st.sampled_from(shape["enum"])
    if shape["type"] == "boolean":
        return st.booleans()
    if shape["type"] == "integer":
        return st.integers(shape["minimum"], 10**6)
    if "{1,12}" in shape.get("pattern", ""):
        return AMOUNTS
    return st.sampled_from(["EUR", "CHF"])


@each_template
def test_two_people_stay_two_when_one_group_is_named_twice(template: PolicyTemplate) -> None:
    groups = [blank.name for blank in template.blanks if blank.kind == "group"]
    _, made = fill_in(template, dict.fromkeys(groups, "finance"))
    people = [
        sum(seat["count"] for stage in flow["stages"] for seat in stage["seats"])
        for flow in made["flows"].values()
    ]
    assert sorted(people) == [1, 2]


def test_answers_that_do_not_go_together_are_said_at_the_blank() -> None:
    with pytest.raises(AnswersInvalid) as refused:
        fill_in(TEMPLATES["payments"], {"free_until": "10000"})
    assert refused.value.problems == {
        "threshold": "Write more than 10000, up to which nobody is asked."
    }
    with pytest.raises(AnswersInvalid) as refused:
        fill_in(TEMPLATES["developer-platform"], {"read_only": "archive, production"})
    assert refused.value.problems == {
        "read_only": "production is a production environment already; leave it out here."
    }


def test_what_cannot_be_used_is_said_for_every_blank() -> None:
    typed = {
        "first_group": "Finance!", "currency": "eur", "free_until": "1,000", "multiple": "1",
        "deadline": "91d", "closed_outside_hours": "maybe", "per_day": "many",
    }  # fmt: skip
    with pytest.raises(AnswersInvalid) as refused:
        fill_in(TEMPLATES["payments"], typed)
    assert set(refused.value.problems) == set(typed)
    with pytest.raises(AnswersInvalid, match="one minute to 7 days"):
        fill_in(TEMPLATES["customers"], {"hold_back": "8d"})


def test_a_name_that_is_taken_gets_another_and_twice_adds_nothing() -> None:
    template = TEMPLATES["payments"]
    own: Any = parse_policy(fill_in(template, {})[1]).document
    live = parse_policy(document(rule("large-payments"))).document
    once = merge_document(live, own, prefix="payments")
    assert once.added["payments-large-payments"] == "large-payments"
    assert sorted(once.document["flows"]) == [
        "four-eyes", "one", "one-person", "payments-four-eyes",
    ]  # fmt: skip
    twice = merge_document(once.document, own, prefix="payments")
    assert (twice.document, dict(twice.added)) == (once.document, {})
    assert set(twice.already) == {each["id"] for each in own["rules"]}
    other = parse_policy(fill_in(template, {"threshold": "9000"})[1]).document
    third = merge_document(once.document, other, prefix="payments")
    assert dict(third.added) == {"payments-large-payments-2": "large-payments"}


@each_template
def test_no_template_speaks_of_every_category(template: PolicyTemplate) -> None:
    _, made = fill_in(template, {})
    named = {
        name
        for each in made["rules"]
        for name in re.findall(r"[\w.*]+", str(each["when"]["category"]))
    }
    assert "*" not in named
