"""What an agent says of one step, and what cannot be kept whatever it says. Reads no table."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final

from approvals.enums import RunOutcome, StepKind, StepResult
from govapp.common.errors import FieldError, Invalid

MOST_STEPS: Final = 5_000  # in a run
MOST_AT_ONCE: Final = 100
MOST_INPUTS: Final = 50
MOST_LABELS: Final = 20
MOST_CARRIED: Final = 100
KEY_CHARACTERS: Final = 100
_KEY: Final = re.compile(r"[!-~]{1,100}")
_LABEL: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,49}")
_DIGEST: Final = re.compile(r"(sha256:[0-9a-f]{64})?")
_NAME: Final = re.compile(r"([a-z0-9][a-z0-9._-]{0,99})?")
_MODEL: Final = re.compile(r"[ -~]{0,100}")
_TITLE: Final = 200
_NOTE: Final = 1_000
_SOURCE: Final = {"kind": 50, "title": 300, "uri": 2_000, "digest": 200}
_MOST_TOKENS: Final = 2**53 - 1
_TRACE: Final = re.compile(r"([0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})?")


@dataclass(frozen=True)
class Step:
    """One node of a run's graph, as its agent tells it.

    `key` is the agent's own name for it: the same key with the same words is the same step.
    `inputs` are the keys of earlier steps of the run; `labels` are those that it brought in
    itself. Digests are `sha256:` and hex. `cost` may hold `amount`, a decimal text, and `currency`.
    `request` is the public id of the decision that it acts on.
    """

    key: str
    kind: str
    title: str = ""
    inputs: tuple[str, ...] = ()
    source: Mapping[str, str] | None = None
    labels: tuple[str, ...] = ()
    input_digest: str = ""
    output_digest: str = ""
    integration: str = ""
    model: str = ""
    cost: Mapping[str, Any] | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    result: str = StepResult.DONE.value
    request: str | None = None

    def said(self) -> dict[str, Any]:
        """Everything that was said, for its digest: order and repetition of labels say nothing."""
        said = asdict(self) | {"labels": sorted(set(self.labels)), "inputs": sorted(self.inputs)}
        return {name: value for name, value in said.items() if value not in (None, "", [], {})}


def check_run(key: str, title: str, traceparent: str) -> None:
    """Raise `Invalid` for what cannot be the beginning of a run."""
    faults = []
    if not _KEY.fullmatch(key):
        faults.append(FieldError("/key", "Write 1 to 100 visible ASCII characters."))
    faults += _line("/title", title, _TITLE)
    if not _TRACE.fullmatch(traceparent):
        faults.append(FieldError("/traceparent", "Write a traceparent of W3C Trace Context."))
    _refuse(faults)


def check_close(outcome: str, note: str) -> None:
    """Raise `Invalid` for what an agent cannot say of the end. `left_open` is ours to say."""
    faults = _line("/note", note, _NOTE)
    if outcome not in (RunOutcome.SUCCEEDED, RunOutcome.FAILED, RunOutcome.CANCELLED):
        faults.append(FieldError("/outcome", "Write succeeded, failed or cancelled."))
    _refuse(faults)


def check_batch(steps: Sequence[Step]) -> None:
    """Raise `Invalid` with every fault that shows without looking at the run."""
    faults: list[FieldError] = []
    if not 1 <= len(steps) <= MOST_AT_ONCE:
        faults.append(FieldError("/steps", f"Send 1 to {MOST_AT_ONCE} steps."))
    for place, step in enumerate(steps[:MOST_AT_ONCE]):
        faults += [
            FieldError(f"/steps/{place}{fault.pointer}", fault.detail) for fault in _faults(step)
        ]
    keys = [step.key for step in steps]
    faults += [
        FieldError(f"/steps/{place}/key", "This key comes twice.")
        for place, key in enumerate(keys)
        if key in keys[:place]
    ]
    _refuse(faults)


def _faults(step: Step) -> list[FieldError]:
    faults = [
        FieldError(f"/{name}", detail)
        for name, (is_right, detail) in _CHECKS.items()
        if not is_right(getattr(step, name))
    ]
    faults += _line("/title", step.title, _TITLE)
    for name, value in (step.source or {}).items():
        if name not in _SOURCE or len(value) > _SOURCE[name] or "\0" in value:
            faults.append(FieldError(f"/source/{name}", "This is not known, or too long."))
    return faults


def _keys(value: Sequence[str]) -> bool:
    every = all(_KEY.fullmatch(each) for each in value)
    return len(value) <= MOST_INPUTS and len(set(value)) == len(value) and every


def _labels(value: Sequence[str]) -> bool:
    return len(value) <= MOST_LABELS and all(_LABEL.fullmatch(each) for each in value)


def _tokens(value: int | None) -> bool:
    return value is None or 0 <= value <= _MOST_TOKENS


def _cost(value: Mapping[str, Any] | None) -> bool:
    if value is None:
        return True
    amount, currency = value.get("amount"), value.get("currency")
    both = isinstance(amount, str) and isinstance(currency, str)
    if not both or set(value) != {"amount", "currency"}:
        return False
    return bool(re.fullmatch(r"[A-Z]{3}", str(currency))) and _is_amount(str(amount))


def _is_amount(text: str) -> bool:
    return bool(re.fullmatch(r"\d{1,15}(\.\d{1,6})?", text)) and Decimal(text) >= 0


def _fits(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda value: pattern.fullmatch(value) is not None


_OF_NAME: Final = "Write a-z, 0-9, dot, dash and underscore, beginning with a letter or digit."
_OF_DIGEST: Final = "Write sha256: and 64 hexadecimal digits."
_CHECKS: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    "key": (_fits(_KEY), "Write 1 to 100 visible ASCII characters."),
    "kind": (StepKind.values.__contains__, f"Write one of {', '.join(StepKind.values)}."),
    "result": (StepResult.values.__contains__, f"Write one of {', '.join(StepResult.values)}."),
    "inputs": (_keys, f"Name at most {MOST_INPUTS} earlier steps by their keys, each once."),
    "labels": (_labels, f"Write at most {MOST_LABELS} labels of a-z, 0-9, dot, dash, underscore."),
    "input_digest": (_fits(_DIGEST), _OF_DIGEST),
    "output_digest": (_fits(_DIGEST), _OF_DIGEST),
    "integration": (_fits(_NAME), _OF_NAME),
    "model": (_fits(_MODEL), "Write at most 100 visible ASCII characters."),
    "cost": (_cost, "Write amount, a decimal number, and currency, as in ISO 4217."),
    "tokens_in": (_tokens, "Write a number of tokens."),
    "tokens_out": (_tokens, "Write a number of tokens."),
}


def _line(pointer: str, text: str, longest: int) -> list[FieldError]:
    if len(text) > longest or "\0" in text or text.splitlines() not in ([], [text]):
        return [FieldError(pointer, f"Write one line of at most {longest} characters.")]
    return []


def _refuse(faults: Sequence[FieldError]) -> None:
    if faults:
        raise Invalid("What is said of the run is not valid.", errors=faults)
