"""What holds a submission besides the rules of the policy. Pure; `services/judging.py` asks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime


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
    # Why the policy's default need not ask: it answers nothing else (`holders.autonomy`).
    answers: tuple[str, ...] = ()


def together(held: Iterable[Held]) -> Held:
    """Return everything that holds, in its order."""
    every = tuple(held)
    return Held(
        tuple(refusal for each in every for refusal in each.refusals),
        tuple(demand for each in every for demand in each.demands),
        tuple(warning for each in every for warning in each.warnings),
        tuple(answer for each in every for answer in each.answers),
    )


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
