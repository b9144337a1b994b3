"""Changing the text of a policy: what did not change keeps its letters, comments and place."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from approvals.policies import PolicyInvalid, dump_policy, load_policy, parse_policy
from approvals.policies.editing import edit_source
from approvals.policies.form_shape import from_fields, to_fields
from approvals.policies.loading import read_document
from tests.approvals.policies.builders import compare, rule
from tests.approvals.policies.whole_documents import documents, texts

TEXT = """\
# The policy of Example Ltd.
version: 1

default: require_approval   # never allow
default_flow: four-eyes

flows:
  # Two people, one of them from Risk.
  four-eyes:
    stages:
      - name: Finance
        seats:
          - {group: finance,  count: 1}   # any of them
          - {group: risk}
        deadline: PT4H    # half a day
        reminders: [ 1h, 2h ]
        escalations:
          - {after: 2h, add: [{group: managers}]}

rules:
  # Reads are harmless.
  - id: reads
    when: {category: crm.read}
    then: allow

  # ---- Money ----

  # Asked for by the bank in 2024.
  - id: large-payments
    when:
      category: payments.*
      environment: [production]
      conditions:
        all:
          # In euro.
          - {field: payload.amount, op: gt, value: 10000}
          - field: payload.currency
            op: eq
            value: 'EUR'
    then: require_approval  # two people
    flow: four-eyes
    # note: to be written

  # By night nobody pays.
  - id: nights
    when:
      category: "payments.*"
      conditions: time.hour >= 22 or time.hour < 6   # local time
    then: deny
# The end.
"""


def edited(change: Any, text: str = TEXT) -> tuple[str, Any]:
    """The text after a change to its normalised document, and that document."""
    made: Any = copy.deepcopy(load_policy(text).document)
    change(made)
    result = edit_source(text, made)
    assert load_policy(result) == parse_policy(made)
    return result, made


def replaced(*pairs: tuple[str, str]) -> str:
    text = TEXT
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def leaf(made: Any, index: int) -> Any:
    return made["rules"][1]["when"]["conditions"]["all"][index]


def stage(made: Any) -> Any:
    return made["flows"]["four-eyes"]["stages"][0]


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


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "\n"])
def test_line_ends_stay_as_they_are(newline: str, last: str) -> None:
    text = TEXT.removesuffix("# The end.\n").rstrip("\n") + last

    result, _ = edited(
        lambda d: (d["rules"].append(rule("new", then="deny")), d["rules"][2].update(note="n")),
        text.replace("\n", newline),
    )

    assert result.count("\n") == result.count(newline)
    assert "By night" in result
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


def commented(made: Any) -> tuple[str, dict[str, str]]:
    """The policy as YAML with comments in every rule, and the letters of each rule by its id."""
    head = dump_policy(parse_policy({**made, "rules": []})).removesuffix("rules: []\n")
    blocks: dict[str, str] = {}
    for each in made["rules"]:
        alone = {"version": 1, "default": "deny", "flows": made["flows"], "rules": [each]}
        lines = dump_policy(parse_policy(alone)).split("\nrules:\n")[1].splitlines()
        lines[0] += f"  # id {each['id']}"
        lines.append(f"    # below {each['id']}")
        lines.insert(0, f"# above {each['id']}")
        blocks[each["id"]] = "\n".join(lines) + "\n"
    body = "\n".join(blocks.values())
    return f"# head\n{head}rules:\n{body}" if blocks else f"# head\n{head}rules: []\n", blocks


@given(documents(), st.data())
def test_rules_keep_their_letters_when_one_is_changed_added_removed_or_moved(
    made: Any, data: st.DataObject
) -> None:
    text, blocks = commented(made)
    new: Any = copy.deepcopy(load_policy(text).document)
    action = data.draw(st.sampled_from(["change", "add", "remove", "move"]))
    touched = None
    place = data.draw(st.integers(0, len(new["rules"])))
    if action == "add":
        new["rules"].insert(place, {"id": "added", "when": {"category": ["*"]}, "then": "deny"})
        touched = "added"
    elif place == len(new["rules"]):
        pass
    elif action == "change":
        touched = new["rules"][place]["id"]
        new["rules"][place]["note"] = "changed"
    else:
        taken = new["rules"].pop(place)
        touched = taken["id"]
        if action == "move":
            new["rules"].insert(data.draw(st.integers(0, len(new["rules"]))), taken)
            touched = None

    result = edit_source(text, new)

    assert load_policy(result) == parse_policy(new)
    order = [each["id"] for each in new["rules"] if each["id"] in blocks and each["id"] != touched]
    places = [result.index(blocks[each]) for each in order]
    assert places == sorted(places)
    assert result.startswith("# head\n")
    if action == "change" and touched is not None:
        assert f"# above {touched}\n" in result
        assert f"# below {touched}\n" in result


@given(documents(), st.data())
def test_every_comment_stays_when_a_value_changes(made: Any, data: st.DataObject) -> None:
    # A text over several lines would hold the comments that are put between them.
    assume(not re.search(r"\\[nr]", json.dumps(made)))
    lines = dump_policy(parse_policy(made)).removesuffix("\n").split("\n")
    text = "".join(f"# above {n}\n{line}  # at {n}\n" for n, line in enumerate(lines))
    new: Any = copy.deepcopy(load_policy(text).document)
    stages = [stage for flow in new["flows"].values() for stage in flow["stages"]]
    for each in new["rules"]:
        each["note"] = data.draw(texts) if "note" in each else each.get("note", "new")
        each["id"] = f"x-{each['id']}"
    for index in data.draw(st.sets(st.integers(0, len(stages) - 1), max_size=2)):
        stage = stages[index]
        stage["deadline"] = "9h"
        stage["seats"].append({"group": "another-one", "count": 1})

    result = edit_source(text, new)

    assert load_policy(result) == parse_policy(new)
    assert re.findall(r"^ *# above (\d+)$", result, re.MULTILINE) == [
        str(number) for number in range(len(lines))
    ]
    assert re.findall(r"  # at (\d+)$", result, re.MULTILINE) == [
        str(number) for number in range(len(lines))
    ]


def test_json_stays_json_as_it_is_laid_out() -> None:
    text = """{
    "version": 1, "default": "deny",
    "rules": [
        {"id": "a", "when": {"category": "*"}, "then": "allow"},
        {
            "id": "b",
            "when": {"category": ["crm.*"]},
            "then": "deny"
        }
    ]
}
"""

    changed, _ = edited(lambda d: d["rules"][0].update(then="deny"), text)
    added, _ = edited(
        lambda d: d["rules"].append({"id": "c", "when": {"category": ["*"]}, "then": "deny"}), text
    )

    assert changed == text.replace('"allow"', '"deny"')
    assert added == text.replace(
        """        }
    ]""",
        """        },
        {
            "id": "c",
            "when": {
                "category": [
                    "*"
                ]
            },
            "then": "deny"
        }
    ]""",
    )


def test_half_a_document_can_be_edited_too() -> None:
    text = TEXT.replace("    then: deny\n", "    then: deni  # oops\n")
    made, problems = from_fields(to_fields(read_document(text)[0]))  # type: ignore[arg-type]
    assert [each.pointer for each in problems] == ["/rules/2/then"]
    assert edit_source(text, made) == text

    made["rules"][0]["id"] = ""  # type: ignore[index]
    result = edit_source(text, made)

    assert result == text.replace("id: reads", "id: ''")


def test_what_cannot_be_kept_is_written_anew() -> None:
    made = parse_policy(
        {"version": 1, "default": "deny", "rules": [rule("a", then="deny")]}
    ).document

    for text in ("", "  \n", "just text", "[1]"):
        assert load_policy(edit_source(text, made)).document == made
    with pytest.raises(PolicyInvalid):
        edit_source("a: [", made)
