"""What holds a submission besides the rules of the policy. Pure; `services/judging.py` asks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

TOO_OFTEN: Final = "retries_exhausted"
# Somebody has stopped, closed or used up something for a while, whatever it is that is asked for:
# the same would pass once that is over, and nothing else would pass until then.
PASSING: Final = frozenset(
    {
        "tenant_suspended", "killed", "agent_not_active", "no_policy", "environment_read_only",
        "integration_suspended", "integration_unverified", "integration_expired",
        "delegation_revoked", "delegation_expired", "throttled", "budget_halted",
    }
)  # fmt: skip

# What the engine refuses by itself from the facts, or nothing but other rules can change: no part
# of what held a request besides the rules, though its trace keeps both in one list.
_NOT_BESIDES: Final = frozenset(
    {"category_unknown", "category_archived", "agent_not_active", "payload_invalid", "no_policy"}
)
NOBODY_TO_ASK: Final = "The policy has no default requirement, so that nobody can be asked."


@dataclass(frozen=True)
class Refusal:
    """Ends in `blocked`; nobody can approve it away. The same may pass from `until` on."""

    code: str
    sentence: str
    until: datetime | None = None

    def to_dict(self) -> dict[str, str]:
        """Return it as a request keeps it."""
        until = {"until": self.until.isoformat()} if self.until else {}
        return {"code": self.code, "sentence": self.sentence} | until


@dataclass(frozen=True)
class Demand:
    """The rules' answer becomes at least "ask a person"."""

    code: str
    sentence: str


@dataclass(frozen=True)
class Held:
    """Everything that holds one submission."""

    refusals: tuple[Refusal, ...] = ()
    demands: tuple[Demand, ...] = ()
    warnings: tuple[str, ...] = ()
    # Why the policy's default need not ask: it answers nothing else (`policies.weighing`).
    answers: tuple[str, ...] = ()

    def to_record(self) -> dict[str, object]:
        """Return what other rules would meet as well, as a request keeps it; `{}` for nothing."""
        kept: dict[str, list[Any]] = {
            "refusals": [asdict(Demand(each.code, each.sentence)) for each in self.refusals],
            "demands": [asdict(each) for each in self.demands],
            "answers": list(self.answers),
        }
        return {name: said for name, said in kept.items() if said}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Held":
        """Read what `to_record` wrote. Raises ValueError for what it did not write."""
        try:
            return cls(
                tuple(Refusal(**each) for each in record.get("refusals", ())),
                tuple(Demand(**each) for each in record.get("demands", ())),
                answers=tuple(str(each) for each in record.get("answers", ())),
            )
        except (AttributeError, TypeError) as error:
            raise ValueError("this is not a record of what held a request") from error

    @classmethod
    def from_trace(cls, trace: Mapping[str, Any]) -> "Held":
        """Read it from the trace of a request that is older than the keeping of it.

        Of refusals that have no code nothing is read: nothing held a request besides then. Why an
        agent was let act is known only where it was. Raises ValueError as `from_record`.
        """
        kept = [each for each in trace.get("refusals") or () if isinstance(each, Mapping)]
        refusals = [
            {"code": each.get("code"), "sentence": each.get("sentence")}
            for each in kept
            if each.get("code") not in _NOT_BESIDES
            and not str(each.get("sentence")).endswith(NOBODY_TO_ASK)
        ]
        # No policy allows by default: what is allowed by it was let past it.
        let = trace.get("used_default") and trace.get("outcome") == "allow"
        answers = [trace.get("because", "")] if let else []
        demands = trace.get("demands") or ()
        return cls.from_record({"refusals": refusals, "demands": demands, "answers": answers})


NOTHING_HELD: Final = Held()


def together(held: Iterable[Held]) -> Held:
    """Return everything that holds, in its order."""
    every = tuple(held)
    return Held(
        tuple(refusal for each in every for refusal in each.refusals),
        tuple(demand for each in every for demand in each.demands),
        tuple(warning for each in every for warning in each.warnings),
        tuple(answer for each in every for answer in each.answers),
    )


def counts_as_try(refusals: Sequence[Refusal]) -> bool:
    """Whether what ended so was tried, as far as trying again is limited.

    It was when rules, people or something about the thing itself said no: what is asked for, how
    much of it, or what this agent may do at all. It was not when it met nothing but what stops
    everything of its kind for a while (`PASSING`), nor when it was not looked at for having been
    tried too often: so whoever asks while it is stopped is not held when it goes on.
    """
    codes = {each.code for each in refusals}
    return TOO_OFTEN not in codes and (not codes or not codes <= PASSING)


def sentences_of(refusals: Iterable[object]) -> tuple[str, ...]:
    """Return the sentences of kept refusals; older requests keep nothing else."""
    return tuple(
        str(each["sentence"]) if isinstance(each, Mapping) else str(each) for each in refusals
    )


def codes_of(refusals: Iterable[object]) -> list[str]:
    """Return the codes of kept refusals; those of older requests have none."""
    return [str(each["code"]) for each in refusals if isinstance(each, Mapping)]


def passes_at(refusals: Iterable[object]) -> datetime | None:
    """Return from when on the same may pass: None when a kept refusal says nothing of it."""
    moments = [each.get("until") for each in refusals if isinstance(each, Mapping)]
    known = [datetime.fromisoformat(each) for each in moments if each]
    return max(known) if known and len(known) == len(moments) else None
