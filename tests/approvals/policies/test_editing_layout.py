"""Changing a policy keeps letters, comments, line ends and the layout of JSON."""

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
from tests.approvals.policies.builders import rule
from tests.approvals.policies.edited import TEXT, edited
from tests.approvals.policies.whole_documents import documents, texts


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
