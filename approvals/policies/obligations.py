"""What a rule asks for beside its outcome: a second factor, a login, a delay, a note, telling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast

from approvals.policies.durations import format_duration, parse_duration
from approvals.policies.seats import Reference


@dataclass(frozen=True)
class Obligations:
    """The obligations of one rule.

    `step_up` asks approvers for a fresh second factor at the vote, `login` that they are logged
    in even where a link or a chat would do, `delay` holds the permission back after it was
    granted, `note` is attached to the request, and `notify` names people who are told when the
    rule applies.
    """

    step_up: bool = False
    login: bool = False
    delay: timedelta | None = None
    note: str | None = None
    notify: tuple[Reference, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """As in the document; what is not asked for is left out."""
        data: dict[str, object] = {}
        if self.step_up:
            data["step_up"] = True
        if self.login:
            data["login"] = True
        if self.delay is not None:
            data["delay"] = format_duration(self.delay)
        if self.note is not None:
            data["attach_note"] = self.note
        if self.notify:
            data["notify"] = [each.to_dict() for each in self.notify]
        return data


@dataclass(frozen=True)
class EvaluatedObligations:
    """The obligations of all rules that apply to one request, taken together.

    The strictest wins: one rule is enough for `step_up` and `login`, the longest `delay` holds,
    and every note and everybody to be told is kept. `notes` are pairs of rule id and text, by
    rule id.
    """

    step_up: bool = False
    login: bool = False
    delay: timedelta | None = None
    notes: tuple[tuple[str, str], ...] = ()
    notify: tuple[Reference, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """As JSON, to be stored with the request, shown and exported."""
        return {
            "step_up": self.step_up,
            "login": self.login,
            "delay": None if self.delay is None else format_duration(self.delay),
            "notes": [{"rule_id": rule_id, "text": text} for rule_id, text in self.notes],
            "notify": [each.to_dict() for each in self.notify],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> EvaluatedObligations:
        """Read what `to_dict` wrote; what is not there takes its default. Raises ValueError."""
        delay = data.get("delay")
        notes = cast("Sequence[Mapping[str, str]]", data.get("notes") or ())
        notify = cast("Sequence[Mapping[str, object]]", data.get("notify") or ())
        return cls(
            step_up=data.get("step_up") is True,
            login=data.get("login") is True,
            delay=None if delay is None else parse_duration(str(delay)),
            notes=tuple((each["rule_id"], each["text"]) for each in notes),
            notify=tuple(Reference.from_dict(each) for each in notify),
        )


NO_OBLIGATIONS: Final = EvaluatedObligations()


def merge_obligations(asked: Iterable[tuple[str, Obligations]]) -> EvaluatedObligations:
    """Take together what rules ask for, given as pairs of rule id and obligations.

    The order of the pairs shows nowhere in the result, and a pair more can only add to it.
    """
    pairs = sorted(asked, key=lambda pair: pair[0])
    if not pairs:
        return NO_OBLIGATIONS
    notified = {each.key: each for _, obligations in pairs for each in obligations.notify}
    return EvaluatedObligations(
        step_up=any(obligations.step_up for _, obligations in pairs),
        login=any(obligations.login for _, obligations in pairs),
        delay=max((each.delay for _, each in pairs if each.delay is not None), default=None),
        notes=tuple((rule_id, each.note) for rule_id, each in pairs if each.note is not None),
        notify=tuple(notified[key] for key in sorted(notified)),
    )
