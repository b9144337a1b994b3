"""Judging one submission: what is read, which version decides, and what holds it besides."""

from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from approvals.deadlines import Office
from approvals.delegating.links import Link, links_of
from approvals.enums import RequestStatus
from approvals.facts import (
    Submission,
    amount_of,
    attempt_digest,
    facts_of,
    target_digest,
    zone_of,
)
from approvals.guarding import Guarded, guard, rules_of
from approvals.holders import HOLDERS
from approvals.holders.asked import Asked
from approvals.leash import Held, Refusal, together
from approvals.models import ActionCategory, ActionRequest, PolicyVersion
from approvals.payload_check import find_payload_errors
from approvals.policies import (
    ALLOW,
    DENY,
    REQUIRE_APPROVAL,
    Evaluation,
    Facts,
    Policy,
    PolicyInvalid,
    evaluate,
)
from approvals.policies.weighing import denial, weigh
from approvals.selectors.delegations import Claim, find_claim, hold_budgets, hold_chain
from approvals.selectors.history import History, Question, read_history
from approvals.selectors.policies import compiled
from approvals.selectors.reserved import known_to_holders
from approvals.selectors.situation import Situation, read_situation
from approvals.services.shadowing import Shadowed, shadow, usable_shadow
from tenants.budgets import Verdict
from tenants.enums import AgentStatus
from tenants.models import Agent

_NO_POLICY: Final = "There is no live policy, so everything is refused: compliance publishes one."
_UNUSABLE: Final = "The live policy cannot be used: compliance publishes one that can."
_STATUS_OF: Final = {
    ALLOW: RequestStatus.ALLOWED,
    DENY: RequestStatus.BLOCKED,
    REQUIRE_APPROVAL: RequestStatus.PENDING,
}


@dataclass(frozen=True)
class Judgement:
    """What was read and decided about one submission."""

    evaluation: Evaluation
    because: str
    refusals: tuple[Refusal, ...]
    guarded: Guarded
    held: Held
    category: ActionCategory | None
    version: PolicyVersion | None
    facts: Facts
    target_digest: str
    shadowed: Shadowed | None
    now: datetime
    office: Office
    attempt_digest: str = ""
    # What the holders looked at, by its name.
    known: Mapping[str, Any] = field(default_factory=dict)
    claim: Claim | None = None  # the delegation that was named, also when it is another agent's
    chain: tuple[Link, ...] = ()  # under which it comes; empty when it comes under none

    @property
    def status(self) -> RequestStatus:
        """Anything that is not plainly allowed or plainly demanding approval is blocked."""
        status = _STATUS_OF.get(self.evaluation.outcome, RequestStatus.BLOCKED)
        demands = bool(self.evaluation.requirements)
        if self.refusals or (status == RequestStatus.PENDING and not demands):
            return RequestStatus.BLOCKED
        return status

    def to_trace(self) -> dict[str, object]:
        """Everything that was decided, as the request keeps it."""
        return (
            self.evaluation.to_dict()
            | {
                "refusals": [each.to_dict() for each in self.refusals],
                "demands": [asdict(each) for each in self.held.demands],
                "guardrails": self.guarded.to_dict(),
            }
            | ({"warnings": list(self.warnings)} if self.warnings else {})
        )

    def to_facts(self) -> dict[str, object]:
        """What rules can look at, and what held it besides: all that a replay needs.

        Also where nothing did: of a request without it a replay has to read the trace.
        """
        return self.facts.to_record() | {"held": self.held.to_record()}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is said besides: the guardrails' own stand with their findings."""
        return tuple(each for each in self.held.warnings if each not in self.guarded.held.warnings)

    def as_evaluation(self) -> Evaluation:
        """Return what an agent is told would happen: a refusal of ours reads as a denial."""
        if self.status == _STATUS_OF.get(self.evaluation.outcome) and not self.refusals:
            return self.evaluation
        return denial(self.because, self.evaluation)


def judge_submission(
    agent: Agent,
    submission: Submission,
    *,
    is_binding: bool,
    under: Policy | None = None,
    instead_of: ActionRequest | None = None,
    verdict: Verdict | None = None,
) -> Judgement:
    """Judge a submission by how the tenant stands at this moment.

    One statement; one more when a rule that can apply looks at what came before, and up to three
    more under a delegation, which is held as it is when it is binding. `is_binding` is
    whether it is about to be stored: then the submissions that such a rule looks at wait for one
    another, and the version in shadow is evaluated as well. `under` is tried instead of what
    decides. `instead_of` is the pending request that this submission replaces: as history it does
    not count, and nor does what is reserved for it. `verdict` is what the budgets said when it was
    reserved, instead of how they stand.
    """
    tried = attempt_digest(submission)
    claim = _claimed(submission, is_binding=is_binding)
    # Of what was given to another agent, this one is told nothing.
    is_mine = claim is not None and claim.delegation.to_agent_id == agent.pk
    found = read_situation(
        agent_id=agent.pk,
        category=submission.category,
        integration=submission.integration,
        environment=submission.environment,
        run=submission.run,
        step=submission.step,
        attempt_digest="" if instead_of else tried,
        delegation=claim.chain if claim and is_mine else (),
    )
    chain = links_of(found.holders["delegation"])
    usable = found.category if found.category and not found.category.is_archived else None
    errors = find_payload_errors(usable.payload_schema, submission.payload) if usable else ()
    guarded = guard(submission, rules_of(found.guardrails))
    known = known_to_holders(found, instead_of, verdict)
    asked = Asked(agent, submission, usable, found.now, known)
    held = together((guarded.held, *(holder(asked) for holder in HOLDERS)))
    refusals = [*_refusals(agent, submission, found, errors), *held.refusals]
    policy = under or _usable(found.version)
    beside = usable_shadow(found.shadow) if is_binding else None
    # What is refused anyway needs no history.
    needs = frozenset() if refusals or policy is None else policy.plan.needs(submission.category)
    looks = needs | beside.plan.needs(submission.category) if beside and not refusals else needs
    target = target_digest(usable, submission.payload)
    facts = facts_of(
        guardrail_findings=guarded.names,
        run_labels=_run_labels(found),
        delegation_depth=len(chain),
        agent=agent,
        agent_status=found.agent_status or "",
        submission=submission,
        category=usable,
        payload_errors=errors,
        time_zone=found.time_zone,
        now=found.now,
        office=found.office,
        history=_history(
            agent,
            submission,
            usable,
            target,
            found.now,
            looks,
            needs if is_binding else frozenset(),
            instead_of,
        ),
    )
    if policy is None:
        said = _NO_POLICY if found.version is None else _UNUSABLE
        refusals.append(Refusal("no_policy", said))
        evaluation = denial(" ".join(each.sentence for each in refusals), None)
    else:
        evaluation = evaluate(policy, facts)
        if not refusals:
            evaluation, unmet = weigh(policy, evaluation, held)
            refusals += [unmet] if unmet else []
    because = " ".join(each.sentence for each in refusals) or evaluation.because
    live = denial(because, evaluation) if refusals else evaluation
    return Judgement(
        evaluation=evaluation,
        because=because,
        refusals=tuple(refusals),
        guarded=guarded,
        held=held,
        category=found.category,
        version=found.version,
        facts=facts,
        target_digest=target,
        shadowed=shadow(found.shadow, beside, facts, live, held) if is_binding else None,
        now=found.now,
        office=Office(found.office, zone_of(found.time_zone)),
        attempt_digest=tried,
        known=known,
        claim=claim,
        chain=chain,
    )


def _run_labels(found: Situation) -> frozenset[str] | None:
    """Return the labels that flow into it; None when it is in no run that is known by its id."""
    run = found.holders.get("run")
    return None if run is None else frozenset(run["labels"])


def _claimed(submission: Submission, *, is_binding: bool) -> Claim | None:
    """Find the delegation that a submission names. Nobody cuts its chain until this is done."""
    claim = find_claim(submission.delegation) if submission.delegation else None
    if claim and is_binding:
        hold_chain(claim.chain)
        hold_budgets(claim.chain)
    return claim


def _refusals(
    agent: Agent, submission: Submission, found: Situation, payload_errors: tuple[str, ...]
) -> list[Refusal]:
    """What no rule can allow, in sentences (domain page, section 3, point 5)."""
    refusals = []
    if found.category is None:
        said = (
            f"The category {submission.category} is not known here: name one of the page"
            " Categories, or have compliance make it."
        )
        refusals.append(Refusal("category_unknown", said))
    elif found.category.is_archived:
        said = (
            f"The category {submission.category} is archived: name another one, or have compliance"
            " bring it back."
        )
        refusals.append(Refusal("category_archived", said))
    if found.agent_status != AgentStatus.ACTIVE:
        said = f"The agent {agent.name} is {found.agent_status or 'unknown'}."
        if found.agent_status == AgentStatus.PAUSED:
            said = f"The agent {agent.name} is paused: an owner lets it go on, on its page."
        refusals.append(Refusal("agent_not_active", said))
    if payload_errors:
        said = f"The payload does not fit its schema: {'; '.join(payload_errors)}."
        refusals.append(Refusal("payload_invalid", said))
    return refusals


def _usable(version: PolicyVersion | None) -> Policy | None:
    try:
        return compiled(version) if version else None
    except PolicyInvalid:
        return None


def _history(
    agent: Agent,
    submission: Submission,
    category: ActionCategory | None,
    target: str,
    now: datetime,
    needs: Set[str],
    locked: Set[str],
    instead_of: ActionRequest | None,
) -> History:
    if not needs:
        return History()
    question = Question(
        agent_id=agent.pk,
        category=submission.category,
        now=now,
        run=submission.run,
        target_digest=target,
        amount=amount_of(category, submission.payload),
        amount_field=category.amount_field if category else "",
        leaving_out=instead_of.pk if instead_of else None,
    )
    return read_history(question, needs=needs, locked=locked)
