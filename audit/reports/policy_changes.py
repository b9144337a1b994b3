"""The history of the rules: who proposed what, who confirmed it, what decided when, in words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from audit.reports.figures import Line
from audit.reports.kind import Keep, Kind, Needs, Source
from audit.reports.matching import Counting, Tally, Where, of
from audit.reports.oversight import published_rules
from audit.reports.reading import Read, last_before, name_of, read_period, text_of
from audit.reports.tables import Column, Listing, Table, listing_of

_HEADS: Final = (
    "policy.", "policy_draft.", "policy_template.", "policy_simulation.", "category.",
    "guardrails.", "tenant.settings_changed",
)  # fmt: skip
_VERSIONS: Final = of("policy.published", "policy.scheduled", "policy.proposed")
_COLUMNS: Final = (
    Column("Time", "when"), Column("Version", "word"), Column("Proposed by", "word"),
    Column("Published by", "word"),
    Column("Added", "num"), Column("Taken out", "num"), Column("Event", "evidence mono"),
)  # fmt: skip


class _Versions:
    """The versions published in the period, each beside the one before it."""

    def __init__(self, source: Source) -> None:
        before = last_before("policy.published", source)
        self.rules = published_rules(before.body.get("data") or {}) if before else ()
        self.event = before.public_id if before else ""
        self.rows: list[tuple[object, ...]] = []
        self.differences: list[Line] = []
        self.proposers: dict[str, str] = {}
        self.alone = 0

    def take(self, read: Read) -> None:
        label = str((read.row.body.get("subject") or {}).get("label", ""))
        if read.type == "policy.proposed":
            self.proposers[label] = name_of(read.row, "actor")
        if read.type != "policy.published":
            return
        rules = published_rules(read.data)
        added = [rule for rule in rules if rule not in self.rules]
        gone = [rule for rule in self.rules if rule not in rules]
        proposer = text_of(read.data.get("proposed_by_name")) or self.proposers.get(label, "")
        self.alone += bool(read.data.get("single_person"))
        self.rows.append(
            (
                read.row.occurred_at, label, proposer or "before the period",
                name_of(read.row, "actor"), len(added), len(gone), read.row.public_id,
            )
        )  # fmt: skip
        self._differ(read.row.occurred_at, read.row.public_id, added, gone)
        self.rules, self.event = rules, read.row.public_id

    def _differ(self, at: datetime, event: str, added: list[str], gone: list[str]) -> None:
        self.differences += [Line(at, f"Added: {sentence}", event) for sentence in added]
        self.differences += [Line(at, f"Taken out: {sentence}", event) for sentence in gone]


def gather(source: Source, keep: Keep) -> Mapping[str, Any]:
    """Read what changed the rules, and how each version differs from the one before."""
    versions = _Versions(source)
    counting = Counting(
        [
            Tally("Versions published", of("policy.published")),
            Tally("Versions proposed", of("policy.proposed")),
            Tally("Confirmed by a reviewer", of("policy.reviewed")),
            Tally("Rejected by a reviewer", of("policy.rejected"), "refused in review"),
            Tally("Scheduled for later", of("policy.scheduled")),
            Tally("Withdrawn", of("policy.withdrawn"), "taken back before it decided"),
            Tally(
                "Published without a second person",
                of("policy.published", where=(Where("single_person", "is set"),)),
                "the tenant had switched the second person off",
            ),
            Tally("Replayed on history", of("policy_simulation.finished", "policy.replayed")),
            Tally("Run in shadow", of("policy.shadow_started")),
            Tally("Drafts begun", of("policy_draft.created")),
            Tally("Categories changed", of("category."), "categories and rights on them"),
            Tally("Settings changed", of("tenant.settings_changed"), "settings of the account"),
        ]
    )
    everything = Tally("Every change in order", of(*_HEADS), most=150)
    for read in read_period(source, keep, types=_HEADS[-1:], heads=_HEADS[:-1]):
        counting.take(read)
        everything.take(read)
        versions.take(read)
    by_name = {tally.name: tally for tally in counting.tallies}
    return {
        "headline": [
            {"label": words, "value": f"{by_name[name].count:,}"}
            for words, name in (
                ("Published", "Versions published"), ("Proposed", "Versions proposed"),
                ("Rejected", "Rejected by a reviewer"),
                ("Without a second person", "Published without a second person"),
            )
        ],
        "figures": [tally.figure for tally in counting.tallies],
        "tables": [
            Table(
                "Versions that were published", "type = policy.published", len(versions.rows),
                _COLUMNS, versions.rows, "No version was published in the period.",
                "Sentences added and taken out are against the version that decided before.",
            )
        ],
        "listings": [
            Listing(
                "Sentences that changed", "type = policy.published, data.sentences compared",
                len(versions.rows), versions.differences[:150], len(versions.differences),
            ),
            *(
                listing_of(by_name[name].exceptional)
                for name in (
                    "Published without a second person", "Rejected by a reviewer", "Withdrawn",
                )
            ),
            listing_of(everything.exceptional),
        ],
        "texts": [
            {
                "title": "What the policy said when the period ended",
                "sentences": versions.rules,
                "event": versions.event,
                "empty": "No policy had been published, or its sentences were too many to record.",
            }
        ],
    }  # fmt: skip


KIND: Final = Kind(
    slug="policy-changes",
    title="Policy change history",
    purpose="Which rules decided when, who proposed and confirmed them, and what changed in words.",
    needs=Needs.PERIOD,
    gather=gather,
    template="audit/reports/tables.html",
)
