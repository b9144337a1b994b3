"""One generated sentence per rule: what people read, compare between versions, and sign."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from approvals.policies.describing_conditions import describe_condition, quote
from approvals.policies.durations import duration_in_words
from approvals.policies.flows import Escalation, Flow, Stage
from approvals.policies.obligations import Obligations
from approvals.policies.repeats import Repeat
from approvals.policies.rules import ALLOW, DENY, Rule, When
from approvals.policies.seats import SINGLE_KINDS, Reference, Seat
from approvals.policies.shown import listed

if TYPE_CHECKING:
    # A policy's plan holds its sentences, so at run time the policy is the higher module.
    from approvals.policies.policy import Policy

_EXPIRES: Final = "nobody answering means it expires"


def describe_with_flow(rule: Rule, flow: Flow | None) -> str:
    """The sentence of a rule whose flow is at hand (`None` unless it requires approval)."""
    when = f"When {_describe_when(rule.when)}"
    if flow is None:
        ends = ["it is denied" if rule.then == DENY else "it is allowed without asking anybody"]
    else:
        duties = [] if rule.separation_of_duties else ["the agent's owner may be one of them"]
        ends = [_flow_words(flow), *duties, _EXPIRES]
    if rule.obligations is not None:
        ends += _obligation_words(rule.obligations, rule.then)
    return f"{when}: {'; '.join(ends)}."


def describe_flow(flow: Flow) -> str:
    """The flow as a sentence of its own: who, in which order, by when, and what then."""
    words = _flow_words(flow)
    return f"{words[0].upper()}{words[1:]}; {_EXPIRES}."


def describe_default(flow: Flow | None) -> str:
    """What happens when no rule matches; `None` stands for the default `deny`."""
    if flow is None:
        return "When no rule matches: it is denied."
    return f"When no rule matches: {_flow_words(flow)}; {_EXPIRES}."


def name_reference(reference: Reference) -> str:
    """ "Finance" for group finance, "the role compliance", or the address."""
    match reference.kind:
        case "group":
            return _name_group(reference.ref)
        case "groups":
            return listed(map(_name_group, reference.groups), "or")
        case "role":
            return f"the role {reference.ref}"
        case "manager":
            return "the manager of the agent's owner"
        case "anyone":
            return "anybody with the right to approve"
    return reference.ref


def _name_group(slug: str) -> str:
    # Underscores stay, since on-call and on_call are two groups.
    words = slug.replace("-", " ")
    return f"{words[0].upper()}{words[1:]}"


def name_seat(seat: Seat, *, is_more: bool = False) -> str:
    """ "2 from Finance", "1 with the role compliance", "alice@example.com".

    With `is_more`, "1 more from Finance": some of those whom the seat asks for are there.
    """
    count = f"{seat.count} more" if is_more else f"{seat.count}"
    match seat.kind:
        case "group":
            words = f"{count} from {name_reference(seat)}"
        case "groups":
            words = f"{count} {_name_groups(seat, is_more=is_more)}"
        case "role":
            words = f"{count} with {name_reference(seat)}"
        case "anyone":
            words = f"{count} with the right to approve"
        case _:
            words = name_reference(seat)
    left_out = listed(map(name_reference, seat.but), "or")
    return f"{words} (anyone but {left_out})" if left_out else words


def _name_groups(seat: Seat, *, is_more: bool) -> str:
    names = ", ".join(map(_name_group, seat.groups))
    if seat.count > 1:
        return f"from different groups ({names})"
    return f"from {'another' if is_more else 'one'} of these groups ({names})"


def _flow_words(flow: Flow) -> str:
    if len(flow.stages) == 1:
        return _stage_words(flow.stages[0])
    return "; then ".join(
        f"{'first ' if not position else ''}{_stage_words(stage)}"
        for position, stage in enumerate(flow.stages)
    )


def duration_words(duration: timedelta, stage: Stage) -> str:
    """ "4 hours", or "4 business hours" in a stage that counts those."""
    return duration_in_words(duration, business=stage.counts_business_hours)


def _stage_words(stage: Stage) -> str:
    seats = listed(name_seat(seat) for seat in stage.seats)
    words = [f"{seats} must approve within {duration_words(stage.deadline, stage)}"]
    if stage.reminders:
        reminders = listed(duration_words(each, stage) for each in stage.reminders)
        words.append(f"reminders after {reminders}")
    words.extend(_escalation_words(each, stage) for each in stage.escalations)
    return "; ".join(words)


def _escalation_words(escalation: Escalation, stage: Stage) -> str:
    added = listed(name_reference(each) for each in escalation.add)
    after = duration_words(escalation.after, stage)
    one_person = len(escalation.add) == 1 and escalation.add[0].kind in SINGLE_KINDS
    verb = "is" if one_person else "are"
    again = _repeat_words(escalation.repeat, stage) if escalation.repeat else ""
    if escalation.hand_over:
        who = f", who {verb} asked again {again}" if again else ""
        return f"after {after} it is handed over to {added}{who}; the others may still approve"
    everybody = f", and everybody is asked again {again}" if again else ""
    return f"after {after} {added} {verb} added{everybody}"


def _repeat_words(repeat: Repeat, stage: Stage) -> str:
    every = duration_words(repeat.every, stage)
    return f"after another {every}" if repeat.times == 1 else f"every {every}, {repeat.times} times"


def _obligation_words(obligations: Obligations, then: str) -> list[str]:
    words = []
    if obligations.step_up:
        words.append("each of them confirms the vote with a second factor")
    if obligations.login:
        words.append("each of them has to log in to vote")
    if obligations.delay is not None:
        start = "" if then == ALLOW else "once approved, "
        delay = duration_in_words(obligations.delay)
        words.append(f"{start}the agent gets its permission only {delay} later")
    if obligations.notify:
        told = listed(name_reference(each) for each in obligations.notify)
        alone = len(obligations.notify) == 1 and obligations.notify[0].kind != "group"
        words.append(f"{told} {'is' if alone else 'are'} told")
    if obligations.note is not None:
        words.append(f"this note is attached: {quote(obligations.note)}")
    return words


def _describe_when(when: When) -> str:
    categories = listed(when.categories, "or")
    words = ["any action" if "*" in when.categories else categories]
    if when.environments:
        words.append(f"in {listed(when.environments, 'or')}")
    agent = []
    if when.agent_labels:
        agent.append(f"labelled {listed(when.agent_labels, 'or')}")
    if when.agent_tiers:
        agent.append(f"of tier {listed(when.agent_tiers, 'or')}")
    if agent:
        words.append(f"by an agent {' and '.join(agent)}")
    if when.conditions is not None:
        words.append(f"has {describe_condition(when.conditions)}")
    return " ".join(words)


def describe_rule(rule: Rule, *, policy: Policy) -> str:
    """The one generated sentence of a rule of this policy."""
    return describe_with_flow(rule, None if rule.flow is None else policy.flows[rule.flow])


def describe_policy(policy: Policy) -> list[str]:
    """One sentence per rule, in the document's order, and one for the default at the end."""
    default = None if policy.default_flow is None else policy.flows[policy.default_flow]
    sentences = [describe_rule(rule, policy=policy) for rule in policy.rules]
    return [*sentences, describe_default(default)]
