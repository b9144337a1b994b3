"""How an audience is spoken to: names or roles, values masked or not, times of one zone."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from audit.explain.model import Audience
from audit.explain.reading import Case, Told, mapping, plain, rows
from govapp.common.sensitive import is_said, kind_of_name, last_name, mask, mask_of

_STAFF: Final = "a member of staff"
# What stands for somebody who was erased (`audit.selectors.disclosures`) is no name to hide.
_ERASED: Final = frozenset({"an erased person", "[erased]"})
_LEAST_NAME: Final = 3  # letters; a shorter part of a name is too often a word of its own
_QUOTED: Final = 600  # characters of somebody's words for a person who reads in a minute


class Voice:
    """Says what an event holds to one audience."""

    def __init__(
        self, audience: Audience, case: Case, zone: str, staff: Collection[str] = ()
    ) -> None:
        self.audience = audience
        self._case = case
        self._staff = sorted(staff)
        self._zone = ZoneInfo(zone)

    @property
    def is_affected(self) -> bool:
        return self.audience == Audience.AFFECTED

    def person(self, told: Told) -> str:
        """Return who did it: a name, or for the person affected a role."""
        if not self.is_affected:
            return told.by
        if told.actor.get("kind") == "agent":
            return "the software"
        return role_of(told) if told.actor.get("kind") == "person" else "the system"

    def words(self, text: str) -> str:
        """Return what an agent wrote; for the person affected without names, masked, not long.

        Hidden are the people of this request, and the full names of all staff. Parts of these are
        not: what is asked for may be about somebody who shares a name with one of them.
        """
        return self._hidden(text, self._instead)

    def remark(self, text: str) -> str:
        """Return what one of the staff wrote: as `words`, and parts of all names are hidden too."""
        return self._hidden(text, self._instead_in_remarks)

    def _hidden(self, text: str, patterns: "list[tuple[re.Pattern[str], str]]") -> str:
        text = " ".join(text.split())
        if not self.is_affected:
            return text
        for name, instead in patterns:
            text = name.sub(instead, text)
        text = mask(text)
        return text if len(text) <= _QUOTED else f"{text[: _QUOTED - 1]}…"

    def value(self, name: str, value: str) -> str:
        """Return a value of the action; for the person affected masked by name and content."""
        if not self.is_affected:
            return value
        kind = kind_of_name(last_name(name))
        if kind is not None and is_said(value):
            return mask_of(kind, value)
        return self.words(value)

    def time(self, at: datetime) -> str:
        """Return an instant in words, in the tenant's time zone."""
        local = at.astimezone(self._zone)
        return f"{local.day} {local:%B %Y} at {local:%H:%M}"

    def time_of(self, text: str) -> str:
        """Return an instant of an event's data in words, as it is when it is none."""
        try:
            return self.time(datetime.fromisoformat(text))
        except ValueError:
            return text

    @cached_property
    def _instead(self) -> "list[tuple[re.Pattern[str], str]]":
        found = dict.fromkeys(self._staff, _STAFF)
        return _patterns(found | _with_parts(dict(reversed(list(_names(self._case))))))

    @cached_property
    def _instead_in_remarks(self) -> "list[tuple[re.Pattern[str], str]]":
        found = _with_parts(dict.fromkeys(self._staff, _STAFF))
        return _patterns(found | _with_parts(dict(reversed(list(_names(self._case))))))


def _with_parts(names: Mapping[str, str]) -> dict[str, str]:
    """Return names and their parts, each with what stands for it; a whole name before a part."""
    parts = {
        part: instead
        for name, instead in names.items()
        for part in name.split()
        if len(part) >= _LEAST_NAME and name not in _ERASED
    }
    return parts | {name: instead for name, instead in names.items() if name not in _ERASED}


def _patterns(found: Mapping[str, str]) -> "list[tuple[re.Pattern[str], str]]":
    """Return what finds each name, the longest first: a whole name is one person and not two."""
    return [
        (re.compile(rf"(?<!\w){re.escape(name)}(?!\w)"), found[name])
        for name in sorted(found, key=lambda name: (-len(name), name))
        if name and name not in _ERASED
    ]


def role_of(told: Told) -> str:
    """Return in which role a person decided: "a person from Finance"."""
    rights = told.data.get("rights")
    for right in rights if isinstance(rights, list) else []:
        kind, _, ref = str(right).removeprefix("break_glass:").partition(":")
        if kind == "group" and ref:
            return f"a person from {group_words(ref)}"
    return _STAFF


def group_words(slug: str) -> str:
    """Say a group's short name as a name: "on-call" is "On call"."""
    words = slug.replace("-", " ")
    return f"{words[:1].upper()}{words[1:]}"


def seat_words(seat: Mapping[str, Any], *, with_names: bool = True) -> str:
    """Say whose approval a seat asks for: "1 person from Finance"."""
    kind, ref, count = str(seat.get("kind", "")), plain(seat.get("ref")), seat.get("count", 1)
    people = "1 person" if count == 1 else f"{count} people"
    if kind == "group":
        return f"{people} from {group_words(ref)}"
    if kind == "groups":
        named = seat.get("groups")
        groups = [group_words(str(each)) for each in named] if isinstance(named, list) else []
        return f"{people} from {listed(groups, 'or')}" if groups else people
    if kind == "role":
        return f"{people} with the role {ref}"
    if kind == "person":
        return ref if with_names else "1 particular member of staff"
    if kind == "manager":
        return "the manager of the agent's owner" if with_names else "1 manager"
    if kind == "owner":
        return "the agent's owner" if with_names else "1 member of staff"
    return f"{people} with the right to approve"


def seats_words(value: Any, *, with_names: bool = True) -> str:
    """Say all seats of a stage."""
    return listed(seat_words(seat, with_names=with_names) for seat in rows(value))


def listed(items: Iterable[str], word: str = "and") -> str:
    """Say several things: "a, b and c"."""
    said = list(items)
    return f"{', '.join(said[:-1])} {word} {said[-1]}" if len(said) > 1 else "".join(said)


def _names(case: Case) -> Iterator[tuple[str, str]]:
    """Every name of a person that the record of this request holds, with what stands for it."""
    for each in case.events:
        if each.actor.get("kind") == "person":
            yield each.by, role_of(each)
    for each in case.events:
        subject = mapping(each.row.body.get("subject"))
        if subject.get("type") == "member":
            yield str(subject.get("label", "")), _STAFF
        for key in ("stands_for", "by", "owner"):
            yield plain(mapping(each.data.get(key)).get("name")), _STAFF
        for key in ("seated", "mentioned"):
            for one in rows(each.data.get(key)):
                yield plain(one.get("name")), _STAFF
        for seat in rows(each.data.get("seats")):
            if seat.get("kind") == "person":
                yield plain(seat.get("ref")), _STAFF
        yield plain(mapping(each.row.body.get("on_behalf_of")).get("name")), _STAFF
    yield case.asked.text("on_behalf_of"), "a person"
