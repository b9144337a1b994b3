"""Every mistake that a document can hold, with the place and the words that are reported."""

from __future__ import annotations

from typing import Any

import pytest

from approvals.policies import PolicyInvalid, parse_policy
from tests.approvals.policies.builders import document

RULE = "/rules/0"


WHEN = "/rules/0/when"


TREE = "/rules/0/when/conditions"


STAGE = "/flows/one/stages/0"


class _Missing:
    """Stands for a key that is left out; its name is the same in every test process."""

    def __repr__(self) -> str:
        return "missing"


GONE = _Missing()


def problems_of(made: Any) -> list[tuple[str, str]]:
    with pytest.raises(PolicyInvalid) as caught:
        parse_policy(made)
    assert all((each.line, each.column) == (None, None) for each in caught.value.problems)
    return [(each.pointer, each.message) for each in caught.value.problems]


SLUG = "with lower-case letters, digits, hyphens and underscores only"


ERRORS: list[tuple[str, object, str, str]] = [
    # where to change, what to write there, pointer of the problem, message
    ("/version", 2, "/version", "write 1 here; it is the only version there is"),
    ("/version", True, "/version", "write 1 here; it is the only version there is"),
    ("/version", GONE, "", "version is missing; add it"),
    ("/rules", GONE, "", "rules is missing; add it"),
    ("/rules", {}, "/rules", "write a list here, not an object with 0 fields"),
    ("/rules", [{}] * 2001, "/rules", "write at most 2000 items here, not 2001"),
    ("/ruls", [], "/ruls", "unknown key ruls; did you mean rules"),
    (
        "/zzz",
        1,
        "/zzz",
        "unknown key zzz; known here: version, default, rules, default_flow, flows",
    ),
    ("/default", GONE, "", "default is missing; add it"),
    (
        "/default",
        "allow",
        "/default",
        "allow cannot be the default; write require_approval or deny here",
    ),
    ("/default", 5, "/default", "write require_approval or deny here, not 5"),
    (
        "/default",
        "deny",
        "/default_flow",
        "remove default_flow; it has no use when the default is deny",
    ),
    (
        "/default_flow",
        GONE,
        "",
        "default_flow is missing; name the flow that decides by default",
    ),
    (
        "/default_flow",
        "two",
        "/default_flow",
        "there is no flow two; use one or four-eyes",
    ),
    # Rules.
    (RULE, "x", RULE, "write keys and values here, not x"),
    (f"{RULE}/thn", "deny", f"{RULE}/thn", "unknown key thn; did you mean then"),
    (f"{RULE}/id", GONE, RULE, "id is missing; add it"),
    (f"{RULE}/id", "Large!", f"{RULE}/id", f"write Large! {SLUG}"),
    (f"{RULE}/id", 7, f"{RULE}/id", "write text here, not 7; put it in quotes"),
    (f"{RULE}/id", " ", f"{RULE}/id", "write some text here; it is empty"),
    (f"{RULE}/id", "a" * 101, f"{RULE}/id", "write at most 100 characters here, not 101"),
    (
        f"{RULE}/id",
        "default",
        f"{RULE}/id",
        "default names the policy's default; choose another id",
    ),
    (f"{RULE}/then", GONE, RULE, "then is missing; add it"),
    (f"{RULE}/then", "ask", f"{RULE}/then", "write allow, deny or require_approval here, not ask"),
    (f"{RULE}/flow", GONE, RULE, "flow is missing; name the flow that decides"),
    (
        f"{RULE}/flow",
        "two",
        f"{RULE}/flow",
        "there is no flow two; use one or four-eyes",
    ),
    (f"{RULE}/then", "deny", f"{RULE}/flow", "remove flow; only then: require_approval has one"),
    (
        f"{RULE}/separation_of_duties",
        "yes",
        f"{RULE}/separation_of_duties",
        "write true or false here, not yes",
    ),
    (
        f"{RULE}/note",
        "a\x00b",
        f"{RULE}/note",
        "remove the control characters or broken Unicode from this text",
    ),
    (
        f"{RULE}/note",
        "\ud800",
        f"{RULE}/note",
        "remove the control characters or broken Unicode from this text",
    ),
    (WHEN, GONE, RULE, "when is missing; add it"),
    (WHEN, {}, WHEN, "category is missing; add it"),
    (
        f"{WHEN}/category",
        "Pay.*",
        f"{WHEN}/category",
        "write a category such as payments.transfer, payments.* or *, not Pay.*",
    ),
    (
        f"{WHEN}/category",
        ["a.*.b"],
        f"{WHEN}/category/0",
        "write a category such as payments.transfer, payments.* or *, not a.*.b",
    ),
    (
        f"{WHEN}/category",
        ["a", "a"],
        f"{WHEN}/category/1",
        "a is already in this list; remove it",
    ),
    (f"{WHEN}/category", [], f"{WHEN}/category", "write 1 to 100 items here, not 0"),
    (f"{WHEN}/environment", None, f"{WHEN}/environment", "write a list here, not nothing"),
    (f"{WHEN}/agent", {}, f"{WHEN}/agent", "write labels or tiers here, or remove agent"),
    (f"{WHEN}/agent", [], f"{WHEN}/agent", "write keys and values here, not a list of 0 items"),
    (
        f"{WHEN}/agent",
        {"label": ["x"]},
        f"{WHEN}/agent/label",
        "unknown key label; did you mean labels",
    ),
    (f"{WHEN}/agent", {"tiers": "X"}, f"{WHEN}/agent/tiers", f"write X {SLUG}"),
    # Flows.
    ("/flows/One", document()["flows"]["one"], "/flows/One", f"write One {SLUG}"),
    ("/flows/one", {}, "/flows/one", "stages is missing; add it"),
    ("/flows/one/stages", [], "/flows/one/stages", "write 1 to 10 items here, not 0"),
    (f"{STAGE}/name", GONE, STAGE, "name is missing; add it"),
    (
        f"{STAGE}/name",
        "a\u202eb",
        f"{STAGE}/name",
        "write one line here, without invisible characters",
    ),
    (f"{STAGE}/seats", GONE, STAGE, "seats is missing; add it"),
    (f"{STAGE}/seats", [], f"{STAGE}/seats", "write 1 to 20 items here, not 0"),
    (
        f"{STAGE}/seats/0",
        {},
        f"{STAGE}/seats/0",
        "write exactly one of group, role, person, manager, anyone or groups here",
    ),
    (
        f"{STAGE}/seats/0",
        {"group": "a", "role": "b"},
        f"{STAGE}/seats/0",
        "write exactly one of group, role, person, manager, anyone or groups here",
    ),
    # Seats of several groups, whom the request points to, and exceptions.
    (
        f"{STAGE}/seats/0",
        {"groups": ["a"]},
        f"{STAGE}/seats/0/groups",
        "write 2 to 20 items here, not 1",
    ),
    (
        f"{STAGE}/seats/0",
        {"groups": ["a", "a"]},
        f"{STAGE}/seats/0/groups/1",
        "group a is already in this list; remove it",
    ),
    (
        f"{STAGE}/seats/0",
        {"groups": "a,b"},
        f"{STAGE}/seats/0/groups",
        "write a list here, not a,b",
    ),
    (
        f"{STAGE}/seats/0",
        {"groups": ["a", "b"], "count": 3},
        f"{STAGE}/seats/0/count",
        "write at most 2 here; there are no more groups",
    ),
    (
        f"{STAGE}/seats/0",
        {"manager": "owner"},
        f"{STAGE}/seats/0/manager",
        "write agent_owner here, not owner",
    ),
    (
        f"{STAGE}/seats/0",
        {"manager": "agent_owner", "count": 2},
        f"{STAGE}/seats/0/count",
        "write 1 here; one person can approve only once",
    ),
    (
        f"{STAGE}/seats/0",
        {"anyone": "auditor"},
        f"{STAGE}/seats/0/anyone",
        "write approver here, not auditor",
    ),
    (
        f"{STAGE}/seats/0",
        {"group": "a", "but": []},
        f"{STAGE}/seats/0/but",
        "write 1 to 20 items here, not 0",
    ),
    (
        f"{STAGE}/seats/0",
        {"group": "a", "but": [{"group": "a"}]},
        f"{STAGE}/seats/0/but/0",
        "this leaves nobody for the seat; name somebody else",
    ),
    (
        f"{STAGE}/seats/0",
        {"group": "a", "but": [{"group": "b"}, {"group": "b"}]},
        f"{STAGE}/seats/0/but/1",
        "group b is already in this list; remove it",
    ),
    (
        f"{STAGE}/seats/0",
        {"group": "a", "but": [{"anyone": "approver", "group": "b"}]},
        f"{STAGE}/seats/0/but/0/anyone",
        "unknown key anyone; known here: group, role, person, manager",
    ),
    (
        f"{STAGE}/seats/0",
        {"person": "a@b.c", "but": [{"group": "b"}]},
        f"{STAGE}/seats/0/but",
        "remove but; this seat means one person only",
    ),
    (
        f"{STAGE}/seats",
        [{"anyone": "approver"}, {"anyone": "approver"}],
        f"{STAGE}/seats/1",
        "anyone approver already has a seat in this stage; raise its count instead",
    ),
    (
        f"{STAGE}/escalations",
        [{"after": "1h", "add": [{"groups": ["a", "b"], "group": "a"}]}],
        f"{STAGE}/escalations/0/add/0/groups",
        "unknown key groups; did you mean group",
    ),
    (
        f"{STAGE}/seats/0/count",
        0,
        f"{STAGE}/seats/0/count",
        "write a whole number from 1 to 20 here, not 0",
    ),
    (
        f"{STAGE}/seats/0/count",
        True,
        f"{STAGE}/seats/0/count",
        "write a whole number from 1 to 20 here, not true",
    ),
    (
        f"{STAGE}/seats/0",
        {"person": "ann@example.com", "count": 2},
        f"{STAGE}/seats/0/count",
        "write 1 here; one person can approve only once",
    ),
    (
        f"{STAGE}/seats/0",
        {"person": "ann"},
        f"{STAGE}/seats/0/person",
        "write the person's e-mail address here",
    ),
    (
        f"{STAGE}/seats",
        [{"group": "a"}, {"group": "a"}],
        f"{STAGE}/seats/1",
        "group a already has a seat in this stage; raise its count instead",
    ),
    (f"{STAGE}/deadline", GONE, STAGE, "deadline is missing; add it"),
    (
        f"{STAGE}/deadline",
        "soon",
        f"{STAGE}/deadline",
        "write a duration such as 30s, 15m, 4h, 2d or PT4H here, not soon",
    ),
    (
        f"{STAGE}/deadline",
        30,
        f"{STAGE}/deadline",
        "write a duration such as 30s, 15m, 4h, 2d or PT4H here, not 30",
    ),
    (
        f"{STAGE}/deadline",
        "59s",
        f"{STAGE}/deadline",
        "write at least 1m here; nobody can decide sooner",
    ),
    (f"{STAGE}/deadline", "91d", f"{STAGE}/deadline", "write at most 90d here"),
    (
        f"{STAGE}/reminders",
        ["4h"],
        f"{STAGE}/reminders/0",
        "write a time before the deadline; counting starts at its opening",
    ),
    (
        f"{STAGE}/reminders",
        ["2h", "2h"],
        f"{STAGE}/reminders/1",
        "write a later time than the one before; they must ascend",
    ),
    (
        f"{STAGE}/reminders",
        ["1m"] * 11,
        f"{STAGE}/reminders",
        "write at most 10 items here, not 11",
    ),
    (
        f"{STAGE}/escalations",
        [{"after": "4h", "add": [{"group": "a"}]}],
        f"{STAGE}/escalations/0/after",
        "write a time before the deadline; counting starts at its opening",
    ),
    (
        f"{STAGE}/escalations",
        [{"after": "1h"}],
        f"{STAGE}/escalations/0",
        "add is missing; add it",
    ),
    (
        f"{STAGE}/escalations",
        [{"after": "1h", "add": []}],
        f"{STAGE}/escalations/0/add",
        "write 1 to 20 items here, not 0",
    ),
    (
        f"{STAGE}/escalations",
        [{"after": "1h", "add": [{"group": "a", "count": 1}]}],
        f"{STAGE}/escalations/0/add/0/count",
        "unknown key count; known here: group, role, person, manager, anyone",
    ),
    (
        f"{STAGE}/escalations",
        [{}] * 6,
        f"{STAGE}/escalations",
        "write at most 5 items here, not 6",
    ),
    (
        "/flows/one/stages",
        [{"name": "A", "seats": [{"group": "a"}], "deadline": "1h"}] * 2,
        "/flows/one/stages/1/name",
        "another stage of this flow has this name; choose a new one",
    ),
]
