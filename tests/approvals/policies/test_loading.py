from __future__ import annotations

import json

import pytest

from approvals.policies import PolicyInvalid, Problem, dump_policy, load_policy, parse_policy
from tests.approvals.policies.builders import compare, document, policy, rule

TEXT = """\
version: 1
default: require_approval   # never allow
default_flow: four-eyes
flows:
  four-eyes:
    stages:
      - name: Finance
        seats:
          - {group: finance, count: 1}
          - {group: risk}
        deadline: 4h
        reminders: [1h, 2h]
        escalations:
          - {after: 2h, add: [{group: managers}]}
rules:
  - id: large-payments
    when:
      category: payments.*
      environment: [production]
      agent: {labels: [finance], tiers: [low, medium]}
      conditions:
        all:
          - {field: payload.amount, op: gt, value: 10000}
    then: require_approval
    flow: four-eyes
    note: free text for people
"""


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(PolicyInvalid) as caught:
        load_policy(text)
    return caught.value.problems


def test_the_documented_example() -> None:
    made = load_policy(TEXT)

    assert made.document == {
        "version": 1,
        "default": "require_approval",
        "default_flow": "four-eyes",
        "flows": {
            "four-eyes": {
                "stages": [
                    {
                        "name": "Finance",
                        "seats": [
                            {"group": "finance", "count": 1},
                            {"group": "risk", "count": 1},
                        ],
                        "deadline": "4h",
                        "reminders": ["1h", "2h"],
                        "escalations": [{"after": "2h", "add": [{"group": "managers"}]}],
                    }
                ]
            }
        },
        "rules": [
            {
                "id": "large-payments",
                "when": {
                    "category": ["payments.*"],
                    "environment": ["production"],
                    "agent": {"labels": ["finance"], "tiers": ["low", "medium"]},
                    "conditions": {
                        "all": [{"field": "payload.amount", "op": "gt", "value": 10000}]
                    },
                },
                "then": "require_approval",
                "flow": "four-eyes",
                "separation_of_duties": True,
                "note": "free text for people",
            }
        ],
    }


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        # The value's place, the key's for unknown keys, the mapping's for missing ones.
        (
            "version: 1",
            "version: 2",
            Problem("/version", "write 1 here; it is the only version there is", 1, 10),
        ),
        (
            "deadline: 4h",
            "deadline: 4 hours",
            Problem(
                "/flows/four-eyes/stages/0/deadline",
                'write a duration such as 30s, 15m, 4h, 2d or PT4H here, not "4 hours"',
                11,
                19,
            ),
        ),
        (
            "    note:",
            "    notes:",
            Problem("/rules/0/notes", "unknown key notes; did you mean note", 26, 5),
        ),
        (
            "    then: require_approval\n    flow: four-eyes",
            "    then: require_approval",
            Problem("/rules/0", "flow is missing; name the flow that decides", 16, 5),
        ),
        (
            "op: gt",
            "op: exists",
            Problem(
                "/rules/0/when/conditions/all/0/value",
                "remove the value; exists takes none",
                23,
                49,
            ),
        ),
        (
            "value: 10000",
            "value: yes",
            Problem(
                "/rules/0/when/conditions/all/0/value",
                'write a number such as 10000 or "48200.00", not yes',
                23,
                52,
            ),
        ),
        (
            "value: 10000",
            "value: 0.1234567890123456789",
            Problem(
                "/rules/0/when/conditions/all/0/value",
                'write this number as a plain decimal in quotes, such as "0.00001"',
                23,
                52,
            ),
        ),
        # What YAML could do and a policy may not.
        (
            "version: 1",
            "version: 1\nversion: 1",
            Problem("/version", "the key version is already on line 1; remove one of them", 2, 1),
        ),
        (
            "    when:\n",
            "    id: b\n    when:\n",
            Problem("/rules/0/id", "the key id is already on line 16; remove one of them", 17, 5),
        ),
        (
            "seats:",
            "seats: &s",
            Problem(
                "/flows/four-eyes/stages/0/seats",
                "anchors (&) are not allowed; write the value out where needed",
                8,
                16,
            ),
        ),
        (
            "count: 1",
            "count: *s",
            Problem(
                "/flows/four-eyes/stages/0/seats/0/count",
                "aliases (*) are not allowed; write the value out",
                9,
                37,
            ),
        ),
        (
            "version: 1",
            "version: !!python/object/apply:os.system [id]",
            Problem("/version", "tags (!) are not allowed; remove it", 1, 10),
        ),
        (
            "version: 1",
            "? [a]\n: 1\nversion: 1",
            Problem("", "a key must be text; write the list or mapping as its value", 1, 3),
        ),
        (
            "rules:",
            "---\nrules:",
            Problem("", "write one document only; remove what follows ---", 15, 1),
        ),
        (
            "  four-eyes:",
            "  four-eyes: [",
            Problem(
                "",
                "this is not valid YAML: did not find expected node content; "
                "check indentation and quotes around here",
                7,
                7,
            ),
        ),
        (
            "free text",
            "\x01",
            Problem(
                "",
                "remove the control character U+0001",
                26,
                11,
            ),
        ),
    ],
)
def test_problems_have_line_and_column(old: str, new: str, problem: Problem) -> None:
    assert old in TEXT
    assert problems_of(TEXT.replace(old, new, 1)) == (problem,)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", Problem("", "the document is empty; begin with version: 1")),
        (" \n\t", Problem("", "the document is empty; begin with version: 1")),
        ("# only a remark", Problem("", "write keys and values here, not nothing")),
        ("hello", Problem("", "write keys and values here, not hello", 1, 1)),
        ("- 1", Problem("", "write keys and values here, not a list of 1 item", 1, 1)),
        (
            "a: \ud800",
            Problem("", "remove the broken Unicode character (half of a surrogate pair)", 1, 4),
        ),
        ("#" * (512 * 1024 + 1), Problem("", "write at most 512 KiB; split the policy")),
        ("#" + "é" * (256 * 1024), Problem("", "write at most 512 KiB; split the policy")),
        ("[" * 100, Problem("/0" * 64, "nest at most 64 deep", 1, 65)),
        ("[" * 500_000, Problem("/0" * 64, "nest at most 64 deep", 1, 65)),
        ('{"a":' * 100_000, Problem("/a" * 64, "nest at most 64 deep", 1, 321)),
        (
            '{"a": 1, "a": 2}',
            Problem("", "the key a is written twice in one object; remove one"),
        ),
        ('{"a": NaN}', Problem("", "NaN is not JSON; write a number")),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_text_that_is_no_document(text: str, problem: Problem) -> None:
    assert problems_of(text) == (problem,)


def test_deep_json_that_is_well_formed_ends() -> None:
    deep = '{"a":' * 50_000 + "1" + "}" * 50_000

    assert problems_of(deep) == (Problem("/a" * 64, "nest at most 64 deep", 1, 321),)


@pytest.mark.parametrize(
    "number", ["1e999999999", "9" * 100_000, "-" + "9" * 100_000 + ".5"], ids=len
)
@pytest.mark.parametrize("form", ["version: {}", '{{"version": {}}}'])
def test_huge_numbers_are_refused(form: str, number: str) -> None:
    assert [each.pointer for each in problems_of(form.format(number))] == ["", "", "/version"]


def test_many_long_keys_around_many_items_end() -> None:
    key = "k" * 1000
    text = f"{key}:\n" + "  - 1\n" * 50_000

    assert problems_of(text)[0].pointer == "/" + "k" * 79 + "…"


def test_json_text_is_read_as_json() -> None:
    made = document(rule(conditions=compare("payload.a", "eq", "\U0001f600/\u2028\t")))

    assert load_policy(json.dumps(made)) == parse_policy(made)
    assert load_policy(json.dumps(made, indent="\t")) == parse_policy(made)
    assert load_policy(json.dumps(made, ensure_ascii=False)) == parse_policy(made)


def test_a_flow_mapping_that_is_not_json_is_read_as_yaml() -> None:
    assert load_policy("{version: 1, default: deny, rules: []}").document == {
        "version": 1,
        "default": "deny",
        "rules": [],
    }


@pytest.mark.parametrize(
    "word",
    ["no", "on", "NO", "0x1f", "007", "+5", "1_000", "12:30", "2026-01-01", "<<", "=", ".inf"],
)
def test_plain_words_stay_words(word: str) -> None:
    text = TEXT.replace("op: gt, value: 10000", f"op: eq, value: {word}")

    leaf = load_policy(text).document["rules"][0]["when"]["conditions"]["all"][0]  # type: ignore[index]
    assert leaf["value"] == word


@pytest.mark.parametrize(
    ("written", "value"),
    [("true", True), ("12", 12), ("-1.5", -1.5), ("2.0", 2), ('"12"', "12"), ("'true'", "true")],
)
def test_plain_values_have_their_type(written: str, value: object) -> None:
    text = TEXT.replace("op: gt, value: 10000", f"op: eq, value: {written}")

    leaf = load_policy(text).document["rules"][0]["when"]["conditions"]["all"][0]  # type: ignore[index]
    assert (leaf["value"], type(leaf["value"])) == (value, type(value))


@pytest.mark.parametrize("text", ["1e5", "0e0", "no", "007", "null", "~", "2026-01-01", "a: b"])
def test_text_that_looks_like_something_else_is_written_in_quotes(text: str) -> None:
    made = policy(rule(conditions=compare("payload.a", "eq", text), note=text))

    assert load_policy(dump_policy(made)).document == made.document
