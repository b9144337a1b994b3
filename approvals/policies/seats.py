"""Whom a flow means: groups, roles, people, and those whom a request itself points to.

Everybody is known by keys ("group:finance", "role:approver", "person:ann@example.com"); a seat
says which keys fit it. Two keys depend on the request: "manager:agent_owner" is the manager of
the agent's owner, "anyone:approver" whoever has the right on the request's category.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, Literal, cast

from approvals.policies.shown import listed

SeatKind = Literal["group", "role", "person", "manager", "anyone", "groups"]
SEAT_KINDS: Final[tuple[SeatKind, ...]] = (
    "group", "role", "person", "manager", "anyone", "groups",
)  # fmt: skip
# What names people wherever several votes are not asked for: who is added, told or left out.
REFERENCE_KINDS: Final[tuple[SeatKind, ...]] = ("group", "role", "person", "manager", "anyone")
# Nobody but somebody with the right can vote, so that leaving out `anyone` leaves nobody.
BUT_KINDS: Final[tuple[SeatKind, ...]] = ("group", "role", "person", "manager")
# The kinds that can mean one thing only.
FIXED_REFS: Final[Mapping[SeatKind, str]] = {"manager": "agent_owner", "anyone": "approver"}
# These mean one person, who can approve only once.
SINGLE_KINDS: Final[tuple[SeatKind, ...]] = ("person", "manager")

_NOT_ONE: Final = f"a seat names exactly one of {listed(SEAT_KINDS, 'or')}"


@dataclass(frozen=True)
class Reference:
    """Some people, named by group or role or by what the request says, or one person by e-mail.

    `ref` is a slug, a role, an address, or for `groups` the sorted slugs joined by commas.
    """

    kind: SeatKind
    ref: str

    def __post_init__(self) -> None:
        if self.kind not in SEAT_KINDS or not self.ref:
            raise ValueError(_NOT_ONE)
        if self.ref != FIXED_REFS.get(self.kind, self.ref):
            raise ValueError(f"{self.kind} means {FIXED_REFS[self.kind]} only")

    @property
    def key(self) -> str:
        """Identifies kind and ref, e.g. "group:finance"."""
        return f"{self.kind}:{self.ref}"

    @property
    def groups(self) -> tuple[str, ...]:
        """The slugs of the groups that are named; empty for other kinds."""
        return tuple(self.ref.split(",")) if self.kind in {"group", "groups"} else ()

    def to_dict(self) -> dict[str, object]:
        """As in the document: `{"group": "managers"}`."""
        return {self.kind: list(self.groups) if self.kind == "groups" else self.ref}

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Reference:
        """Read what `to_dict` wrote. Raises ValueError."""
        return cls(*_kind_and_ref(data))


MANAGER: Final = Reference("manager", FIXED_REFS["manager"])
ANYONE: Final = Reference("anyone", FIXED_REFS["anyone"])


@dataclass(frozen=True)
class Seat(Reference):
    """`count` approvals of different people whom the seat means, and none of whom `but` means.

    A seat of `groups` asks for people from as many different ones of these groups.
    """

    count: int = 1
    but: tuple[Reference, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if type(self.count) is not int or self.count < 1:
            raise ValueError("a seat needs a count of at least 1")
        if self.kind == "groups" and self.count > len(self.groups):
            raise ValueError("a seat cannot ask for more different groups than it names")

    @property
    def key(self) -> str:
        """Identifies the seat: "group:finance", or "group:finance but group:interns"."""
        # No slug and no address has a space, so that two seats never share a key.
        left_out = " ".join(sorted(each.key for each in self.but))
        return f"{super().key} but {left_out}" if left_out else super().key

    @property
    def places(self) -> Mapping[str, int]:
        """The places of the seat, and how many people have room in each.

        One for each group of a `groups` seat, since two people from one group count once.
        """
        if self.kind == "groups":
            return {f"{self.key}#{slug}": 1 for slug in self.groups}
        return {self.key: self.count}

    @property
    def named(self) -> tuple[Reference, ...]:
        """Everybody whom it names, each group for itself, those whom it leaves out as well."""
        if self.kind == "groups":
            return (*(Reference("group", slug) for slug in self.groups), *self.but)
        return (Reference(self.kind, self.ref), *self.but)

    def places_for(self, keys: AbstractSet[str], *, is_added: bool = False) -> frozenset[str]:
        """The places that somebody known by these keys may take; empty when the seat is not theirs.

        Whoever was added to the stage (`is_added`) may take any, unless they are left out.
        """
        if any(each.key in keys for each in self.but):
            return frozenset()
        if is_added:
            return frozenset(self.places)
        if self.kind == "groups":
            return frozenset(
                f"{self.key}#{slug}" for slug in self.groups if f"group:{slug}" in keys
            )
        return frozenset({self.key}) if super().key in keys else frozenset()

    def to_dict(self) -> dict[str, object]:
        """As in the document, with the count filled in."""
        data = {**super().to_dict(), "count": self.count}
        return {**data, "but": [each.to_dict() for each in self.but]} if self.but else data

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Seat:
        """Read what `to_dict` wrote. Raises ValueError."""
        kind, ref = _kind_and_ref(data)
        left_out = cast("Sequence[Mapping[str, object]]", data.get("but") or ())
        but = tuple(Reference.from_dict(each) for each in left_out)
        return cls(kind, ref, cast("int", data.get("count", 1)), but)

    def to_row(self) -> dict[str, object]:
        """The seat as it is frozen into a stage of a request."""
        row: dict[str, object] = {"kind": self.kind, "ref": self.ref, "count": self.count}
        if self.but:
            row["but"] = [{"kind": each.kind, "ref": each.ref} for each in self.but]
        return row

    @classmethod
    def from_row(cls, row: Mapping[str, object]) -> Seat:
        """Read what `to_row` wrote; people are compared by lower-case address."""
        kind, ref = _row(row)
        left_out = cast("Sequence[Mapping[str, object]]", row.get("but") or ())
        but = tuple(Reference(*_row(each)) for each in left_out)
        return cls(kind, ref, int(cast("int", row.get("count", 1))), but)


def reference_of(row: Mapping[str, object]) -> Reference:
    """Whom an entry of a frozen stage means: what an escalation added to it."""
    return Reference(*_row(row))


def _row(row: Mapping[str, object]) -> tuple[SeatKind, str]:
    kind, ref = cast("SeatKind", row["kind"]), str(row["ref"])
    return kind, ref.lower() if kind == "person" else ref


def _kind_and_ref(data: Mapping[str, object]) -> tuple[SeatKind, str]:
    kinds = [kind for kind in SEAT_KINDS if kind in data]
    value = data[kinds[0]] if len(kinds) == 1 else None
    if isinstance(value, str) and kinds[0] != "groups":
        return kinds[0], value
    if isinstance(value, list) and kinds[0] == "groups" and all(type(x) is str for x in value):
        return kinds[0], join_groups(value)
    raise ValueError(_NOT_ONE)


def join_groups(slugs: Sequence[str]) -> str:
    """The `ref` of a seat of these groups, whatever their order."""
    return ",".join(sorted(set(slugs)))
