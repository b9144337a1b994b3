"""Changing the text of a policy: what did not change keeps its letters, comments and place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from approvals.policies import PolicyInvalid, dump_policy, load_policy, parse_policy
from approvals.policies.editing import edit_source
from tests.approvals.policies.builders import compare, rule
from tests.approvals.policies.edited import TEXT, edited, leaf, replaced, stage
from tests.approvals.policies.whole_documents import documents

READS = """\
  # Reads are harmless.
  - id: reads
    when: {category: crm.read}
    then: allow
"""


LARGE = TEXT[TEXT.index("  # Asked for") : TEXT.index("\n  # By night")]


NIGHTS = TEXT[TEXT.index("  # By night") : TEXT.index("# The end")]


SECTION = "  # ---- Money ----\n"


CHANGES: list[tuple[str, Any, list[tuple[str, str]]]] = [
    # What is changed, how, and which letters change with it.
    ("a value", lambda d: leaf(d, 0).update(value=5000), [("value: 10000", "value: 5000")]),
    ("a quoted value", lambda d: leaf(d, 1).update(value="USD"), [("'EUR'", "USD")]),
    ("to text", lambda d: leaf(d, 1).update(value="10"), [("'EUR'", "'10'")]),
    ("an id", lambda d: d["rules"][1].update(id="big"), [("large-payments", "big")]),
    (
        "a deadline",
        lambda d: stage(d).update(deadline="6h"),
        [("PT4H    # half", "6h    # half")],
    ),
    (
        "a count",
        lambda d: stage(d)["seats"][0].update(count=2),
        [("finance,  count: 1", "finance,  count: 2")],
    ),
    (
        "a default written out",
        lambda d: stage(d)["seats"][1].update(count=3),
        [("{group: risk}", "{group: risk, count: 3}")],
    ),
    (
        "a seat of another kind",
        lambda d: stage(d)["seats"].__setitem__(1, {"role": "owner", "count": 1}),
        [("{group: risk}", "{role: owner}")],
    ),
    (
        "one seat more",
        lambda d: stage(d)["seats"].append({"group": "legal", "count": 1}),
        [("- {group: risk}\n", "- {group: risk}\n          - {group: legal, count: 1}\n")],
    ),
    (
        "one seat less",
        lambda d: stage(d)["seats"].pop(0),
        [("          - {group: finance,  count: 1}   # any of them\n", "")],
    ),
    (
        "a reminder",
        lambda d: stage(d)["reminders"].append("3h"),
        [("[ 1h, 2h ]", "[ 1h, 2h, 3h ]")],
    ),
    (
        "no reminders",
        lambda d: stage(d).pop("reminders"),
        [("        reminders: [ 1h, 2h ]\n", "")],
    ),
    (
        "a category more",
        lambda d: d["rules"][1]["when"].update(category=["payments.*", "crm.*"]),
        [("category: payments.*", "category: [payments.*, crm.*]")],
    ),
    (
        "another category",
        lambda d: d["rules"][2]["when"].update(category=["crm.*"]),
        [('category: "payments.*"', "category: crm.*")],
    ),
    (
        "a branch",
        lambda d: d["rules"][1]["when"].update(
            conditions={"any": d["rules"][1]["when"]["conditions"]["all"]}
        ),
        [("        all:\n", "        any:\n")],
    ),
    (
        "the text form stays one",
        lambda d: d["rules"][2]["when"]["conditions"]["any"][0].update(value=23),
        [
            (
                "time.hour >= 22 or time.hour < 6   # local",
                "time.hour >= 23 or time.hour < 6   # local",
            )
        ],
    ),
    (
        "a key more",
        lambda d: d["rules"][1].update(separation_of_duties=False),
        [
            (
                "    flow: four-eyes\n    #",
                "    flow: four-eyes\n    separation_of_duties: false\n    #",
            )
        ],
    ),
    (
        "a key less",
        lambda d: d["rules"][1]["when"].pop("environment"),
        [("      environment: [production]\n", "")],
    ),
    (
        "a note of two lines",
        lambda d: d["rules"][2].update(note="a\nb: # c"),
        [("    then: deny\n", '    then: deny\n    note: "a\\nb: # c"\n')],
    ),
    (
        "conditions where there were none",
        lambda d: d["rules"][0]["when"].update(conditions=compare("payload.a", "exists")),
        [
            (
                "{category: crm.read}",
                "{category: crm.read, conditions: {field: payload.a, op: exists}}",
            )
        ],
    ),
    ("a rule gone", lambda d: d["rules"].pop(1), [(LARGE + "\n", "")]),
    ("the first rule gone", lambda d: d["rules"].pop(0), [(READS + "\n", "")]),
    ("the last rule gone", lambda d: d["rules"].pop(2), [("\n" + NIGHTS, "")]),
    (
        "rules moved",
        lambda d: d["rules"].append(d["rules"].pop(1)),
        [(f"\n{SECTION}\n{LARGE}\n{NIGHTS}", f"\n{NIGHTS}\n{SECTION}\n{LARGE}")],
    ),
    (
        "a rule added",
        lambda d: d["rules"].append(
            rule("new", then="deny", conditions={"any": [compare("payload.a", "eq", 1)]})
        ),
        [
            (
                NIGHTS,
                f"""{NIGHTS}
  - id: new
    when:
      category:
        - payments.*
      conditions:
        any:
          - field: payload.a
            op: eq
            value: 1
    then: deny
""",
            )
        ],
    ),
    (
        "a flow added",
        lambda d: d["flows"].update(
            one={
                "stages": [
                    {"name": "One", "seats": [{"role": "owner", "count": 1}], "deadline": "1d"}
                ]
            }
        ),
        [
            (
                "add: [{group: managers}]}\n",
                """add: [{group: managers}]}
  one:
    stages:
      - name: One
        seats:
          - role: owner
            count: 1
        deadline: 1d
""",
            )
        ],
    ),
    (
        "another default",
        lambda d: (d.update(default="deny"), d.pop("default_flow")),
        [("require_approval   # never", "deny   # never"), ("default_flow: four-eyes\n", "")],
    ),
]


@pytest.mark.parametrize(
    ("change", "pairs"), [each[1:] for each in CHANGES], ids=[each[0] for each in CHANGES]
)
def test_only_what_changed_is_written_anew(change: Any, pairs: list[tuple[str, str]]) -> None:
    result, _ = edited(change)

    assert result == replaced(*pairs)


def test_all_rules_gone() -> None:
    result, _ = edited(lambda d: d["rules"].clear())

    assert "rules: []" in result
    assert "# The policy of Example Ltd." in result
    assert "half a day" in result


@given(documents())
def test_the_document_of_a_text_does_not_change_it(made: Any) -> None:
    for text in (
        dump_policy(parse_policy(made)),
        json.dumps(made),
        json.dumps(made, indent=2, ensure_ascii=False),
    ):
        assert edit_source(text, load_policy(text).document) == text
        assert edit_source(text, made) == text


def test_the_documented_example_does_not_change() -> None:
    assert edit_source(TEXT, load_policy(TEXT).document) == TEXT


@given(documents(), documents())
def test_the_text_says_the_new_document_and_stays_in_its_language(old: Any, new: Any) -> None:
    for text in (
        dump_policy(parse_policy(old)),
        json.dumps(old, indent=4),
        json.dumps(old),
        f"# {json.dumps(old)}\n{json.dumps(old)}",
        TEXT,
    ):
        try:
            load_policy(text)
        except PolicyInvalid:
            continue  # JSON that YAML reads in another way, below a comment.
        result = edit_source(text, new)

        assert load_policy(result) == parse_policy(new)
        assert (result[0] == "{") is (text[0] == "{")
