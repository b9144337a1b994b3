"""From a plain document to a Policy, or to the list of everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, cast

from approvals.policies import limits
from approvals.policies.checking import Checker, Finding, TooManyProblems
from approvals.policies.flows import Flow
from approvals.policies.parsing_flows import parse_flows
from approvals.policies.parsing_rules import parse_flow_name, parse_rules
from approvals.policies.plan import compile_plan
from approvals.policies.policy import Policy, canonical_json, digest_of
from approvals.policies.problems import PolicyInvalid, Problem
from approvals.policies.rules import DENY, REQUIRE_APPROVAL, Rule

VERSION = 1

Locate = Callable[[Finding], tuple[int | None, int | None]]


def _nowhere(_: Finding) -> tuple[None, None]:
    return None, None


def parse_policy(document: Mapping[str, object]) -> Policy:
    """Check a document that is already plain data (from JSON, a form, or the database).

    Raises PolicyInvalid with every problem found, at most a hundred.
    """
    return build_policy(document, _nowhere)


def build_policy(document: object, locate: Locate) -> Policy:
    """As `parse_policy`, with a function that knows the line and column of a finding."""
    checker = Checker()
    policy = None
    try:
        policy = _parse(checker, document)
    except TooManyProblems:
        policy = None
    if checker.findings or policy is None:
        raise PolicyInvalid(
            Problem(finding.pointer, finding.message, *locate(finding))
            for finding in checker.findings
        )
    return policy


def _parse(checker: Checker, document: object) -> Policy | None:
    data = checker.mapping(
        document,
        "",
        required=("version", "default", "rules"),
        optional=("default_flow", "flows"),
    )
    if data is None:
        return None
    if "version" in data and (type(data["version"]) is not int or data["version"] != VERSION):
        checker.report("/version", f"write {VERSION} here; it is the only version there is")
    flows = parse_flows(checker, data.get("flows", {}), "/flows")
    raw_flows = data.get("flows")
    names = [str(name) for name in raw_flows] if isinstance(raw_flows, Mapping) else []
    default, default_flow = _parse_default(checker, data, names)
    rules = parse_rules(checker, data["rules"], "/rules", names) if "rules" in data else ()
    if checker.findings or default is None:
        return None
    return _assemble(checker, default, default_flow, flows, rules)


def _parse_default(
    checker: Checker, data: Mapping[str, object], flow_names: list[str]
) -> tuple[Literal["deny", "require_approval"] | None, str | None]:
    default = data.get("default")
    if "default" in data and default == "allow":
        checker.report(
            "/default", "allow cannot be the default; write require_approval or deny here"
        )
        return None, None
    if "default" in data:
        default = checker.choice(default, "/default", (REQUIRE_APPROVAL, DENY))
    default_flow = None
    if "default_flow" in data and default == DENY:
        message = "remove default_flow; it has no use when the default is deny"
        checker.report("/default_flow", message, at_key=True)
    elif "default_flow" in data:
        default_flow = parse_flow_name(checker, data["default_flow"], "/default_flow", flow_names)
    elif default == REQUIRE_APPROVAL:
        checker.report("", "default_flow is missing; name the flow that decides by default")
    return cast("Literal['deny', 'require_approval'] | None", default), default_flow


def _assemble(
    checker: Checker,
    default: Literal["deny", "require_approval"],
    default_flow: str | None,
    flows: dict[str, Flow],
    rules: tuple[Rule, ...],
) -> Policy | None:
    document: dict[str, object] = {"version": VERSION, "default": default}
    if default_flow is not None:
        document["default_flow"] = default_flow
    if flows:
        document["flows"] = {
            name: {"stages": [stage.to_dict() for stage in flow.stages]}
            for name, flow in flows.items()
        }
    document["rules"] = [rule.to_dict() for rule in rules]
    if len(canonical_json(document)) > limits.DOCUMENT_BYTES:
        checker.report("", f"write at most {limits.DOCUMENT_BYTES // 1024} KiB; split the policy")
        return None
    plan = compile_plan(rules, flows, default_flow)
    return Policy(digest_of(document), document, rules, flows, default, default_flow, plan)
