"""Whole valid policies, with every operator and odd but allowed texts, for Hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from approvals.policies.fields import FIXED_NAMES, WEEKDAYS, find_field
from approvals.policies.kinds import Kind
from approvals.policies.operator_table import BY_KIND, BY_NAME, DATED, NUMERIC, OPERATORS
from tests.approvals.policies.builders import compare

slugs = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,7}", fullmatch=True)
# Words that the text form, YAML or a form could take for something else.
TRICKY = (
    *("and", "not", "in", "true", "null", "~", "no", "1e5", "007", "-5", "48200.00", "10000"),
    *(" a", "a ", "a, b", '"', '"a"', "it's", "a\\b", "a\nb", "a\r\nb", "# a", "- a", "a: b"),
    *(
        "{",
        "[a]",
        "!a",
        "&a",
        "*a",
        "%",
        "@",
        "`",
        "é",
        "\U0001f600",
        "a\u2028b",
        "\u200b",
        "\U000e0001",
    ),
)
texts = st.sampled_from(TRICKY) | st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t\"'\\,"),
    min_size=1,
    max_size=12,
).filter(str.strip)
lines = texts.filter(str.isprintable)
numbers = (
    st.integers(-(2**53) + 1, 2**53 - 1)
    | st.sampled_from([0.5, -0.25, 10.75, 3.14])
    | st.decimals(-1000, 100_000, places=2).map(str)
    | st.sampled_from(["0.00001", "10000"])
)
_payload = st.from_regex(r"[a-z_]{1,6}(\.[a-z]{1,4}){0,2}", fullmatch=True) | st.sampled_from(
    ["größe", "a=b", "(x)", "a,b", '"q"', "and", "not", "\u200b", "#", "x-y*"]
)
fields = st.sampled_from((*FIXED_NAMES, "run.count.payments.*", "run.count.*")) | _payload.map(
    lambda path: f"payload.{path}"
)


def _single(name: str, kind: Kind, op: str) -> st.SearchStrategy[Any]:
    if name == "time.hour":
        return st.integers(0, 23)
    if name == "time.weekday" and op in {"eq", "ne", "in", "not_in"}:
        return st.sampled_from(WEEKDAYS)
    if op in DATED or kind is Kind.DATE:
        moments = st.datetimes().map(lambda each: f"{each.isoformat(timespec='seconds')}Z")
        return st.dates().map(str) if kind is Kind.DATE else st.dates().map(str) | moments
    if op == "matches":
        return st.sampled_from([r"^a\.b$", "[0-9]{2}", "a, b", '"', "^(a|b)"])
    if op in NUMERIC or kind is Kind.NUMBER:
        return numbers
    if op in {"starts_with", "ends_with"} or kind in {Kind.TEXT, Kind.LABELS}:
        return texts
    if kind is Kind.BOOLEAN:
        return st.booleans()
    return texts | st.booleans() | numbers


@st.composite
def leaves(draw: st.DrawFn) -> dict[str, Any]:
    """One comparison that the parser accepts as it is."""
    name = draw(fields)
    field = find_field(name)
    assert field is not None
    op = draw(st.sampled_from([op for op in OPERATORS if op in BY_KIND[field.kind]]))
    takes = BY_NAME[op].takes
    if takes == "none":
        return compare(name, op)
    single = _single(name, field.kind, op)
    if takes == "pair":
        by_size: Any = str if field.kind is Kind.DATE else float
        return compare(name, op, sorted([draw(single), draw(single)], key=by_size))
    if takes == "list":
        one_type = draw(st.sampled_from([texts, numbers.filter(lambda n: not isinstance(n, str))]))
        items = one_type if field.kind is Kind.ANY else single
        return compare(name, op, draw(st.lists(items, min_size=1, max_size=3)))
    return compare(name, op, draw(single))


trees: st.SearchStrategy[Any] = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda each: {"all": each}),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: {"any": each}),
        inner.map(lambda each: {"not": each}),
    ),
    max_leaves=8,
)
groups = slugs.map(lambda name: {"group": name})
people = st.one_of(
    groups,
    st.sampled_from(["owner", "compliance", "approver"]).map(lambda name: {"role": name}),
    st.sampled_from(["alice@example.com", '"a,b"@example.com', "'x'@y"]).map(
        lambda name: {"person": name}
    ),
)


def _who(each: dict[str, Any]) -> str:
    return str(sorted(each.items()))


_pointing = st.sampled_from([{"manager": "agent_owner"}, {"anyone": "approver"}])
_several = st.lists(slugs, min_size=2, max_size=3, unique=True).map(
    lambda names: {"groups": sorted(names)}
)
_seated: st.SearchStrategy[dict[str, Any]] = st.one_of(people, _pointing, _several)


@st.composite
def _seats(draw: st.DrawFn, who: dict[str, Any]) -> dict[str, Any]:
    """A seat as in a normalised document, now and then with people who are left out."""
    if "person" in who:
        return {**who, "count": 1}
    most = 1 if "manager" in who else len(who.get("groups", "abc"))
    made = {**who, "count": draw(st.integers(1, most))}
    others = (people | st.just({"manager": "agent_owner"})).filter(lambda each: each != who)
    but = draw(st.lists(others, max_size=2, unique_by=_who))
    return {**made, "but": but} if but else made


@st.composite
def stages(draw: st.DrawFn) -> dict[str, Any]:
    """A stage as in a normalised document."""
    named = draw(st.lists(_seated, min_size=1, max_size=3, unique_by=_who))
    made: dict[str, Any] = {
        "name": draw(lines),
        "seats": [draw(_seats(each)) for each in named],
        "deadline": "5h",
    }
    if draw(st.booleans()):
        made["counting"] = draw(st.sampled_from(["all_hours", "business_hours"]))
    if draw(st.booleans()):
        made["reminders"] = draw(st.sampled_from([["1h", "90m"], {"every": "1h", "times": 2}]))
    if draw(st.booleans()):
        added = draw(st.lists(people, min_size=1, max_size=2))
        made["escalations"] = [{"after": "2h", "add": added} | draw(_prompting)]
    return made


_prompting = st.fixed_dictionaries(
    {},
    optional={
        "repeat": st.fixed_dictionaries({"every": st.just("20m"), "times": st.integers(1, 8)}),
        "hand_over": st.booleans(),
    },
)


flows = st.lists(stages(), min_size=1, max_size=2, unique_by=lambda each: each["name"]).map(
    lambda each: {"stages": each}
)
_names = st.lists(slugs, min_size=1, max_size=2, unique=True)
_when = st.fixed_dictionaries(
    {
        "category": st.lists(
            st.sampled_from(["*", "payments.*", "payments.transfer", "crm.note"]),
            min_size=1,
            max_size=2,
            unique=True,
        )
    },
    optional={
        "environment": _names,
        "agent": st.fixed_dictionaries({"labels": _names}, optional={"tiers": _names}),
        "conditions": trees,
    },
)


_obligations = st.fixed_dictionaries(
    {},
    optional={
        "step_up": st.just(True),
        "login": st.just(True),
        "delay": st.sampled_from(["30s", "10m", "7d"]),
        "attach_note": texts,
        "notify": st.lists(people, min_size=1, max_size=2, unique_by=_who),
    },
)


@st.composite
def rules(draw: st.DrawFn, flow_names: list[str]) -> dict[str, Any]:
    """A rule as in a normalised document."""
    made: dict[str, Any] = {"id": draw(slugs.filter("default".__ne__)), "when": draw(_when)}
    made["then"] = draw(st.sampled_from(["allow", "deny", "require_approval"]))
    if made["then"] == "require_approval":
        made["flow"] = draw(st.sampled_from(flow_names))
        made["separation_of_duties"] = draw(st.booleans())
    if draw(st.booleans()):
        made["note"] = draw(texts)
    obligations = draw(st.none() | _obligations)
    if obligations is not None:
        if made["then"] != "require_approval":
            obligations.pop("step_up", None)
            obligations.pop("login", None)
        if made["then"] == "deny":
            obligations.pop("delay", None)
        if obligations:
            made["obligations"] = obligations
    return made


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A whole normalised document."""
    named = draw(st.dictionaries(slugs, flows, min_size=1, max_size=3))
    made: dict[str, Any] = {"version": 1, "default": "deny", "flows": named}
    if draw(st.booleans()):
        made["default"] = "require_approval"
        made["default_flow"] = draw(st.sampled_from(sorted(named)))
    made["rules"] = draw(
        st.lists(rules(sorted(named)), max_size=4, unique_by=lambda each: each["id"])
    )
    return made
