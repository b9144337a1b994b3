"""Access and credentials: who could get in, with what, and who looked at or took out what."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from audit.reports.kind import Keep, Kind, Needs, Source
from audit.reports.matching import Counting, Tally, of
from audit.reports.reading import name_of, read_period
from audit.reports.tables import Column, Table, listing_of

_HEADS: Final = (
    "session.", "member.", "invitation.", "credential.", "member_token.", "group.", "absence.",
    "category.right_", "request.revealed", "export.", "report.downloaded", "proof.", "grant_key.",
    "review_link.", "chat_account.", "subject.",
)  # fmt: skip
_TALLIES: Final = (
    ("Sign-ins", of("session.logged_in"), "", 0),
    ("Failed sign-ins", of("session.login_failed"), "wrong password or code", 40),
    ("Members invited", of("member.invited"), "", 0),
    ("Members who joined", of("member.joined"), "", 0),
    ("Changes to members and roles",
     of("member.roles_changed", "member.suspended", "member.resumed", "member.manager_set",
        "member.joined", "member.invited", "invitation."),
     "people who came, went, or may do something else now", 60),
    ("Second factors and passwords",
     of("member.second_factor_added", "member.second_factor_removed",
        "member.recovery_codes_renewed", "member.password_changed"),
     "how people prove who they are", 40),
    ("Credentials of agents", of("credential."), "keys issued, rotated and revoked", 60),
    ("Tokens of members", of("member_token."), "tokens issued and revoked", 40),
    ("Groups and rights to approve", of("group.", "category.right_given", "category.right_taken"),
     "who may approve what", 60),
    ("Stand-ins and absences", of("absence."), "who decides for whom, and when", 40),
    ("Sensitive values looked at", of("request.revealed"),
     "masked values that somebody asked to see", 40),
    ("Taken out of the record", of("export.", "report.downloaded", "proof."),
     "exports, reports and proofs that were downloaded", 40),
)  # fmt: skip


def gather(source: Source, keep: Keep) -> Mapping[str, Any]:
    """Read the period once; each event counts in every group that it belongs to."""
    counting = Counting(
        Tally(name, match, meaning, most) for name, match, meaning, most in _TALLIES
    )
    people: dict[str, Counter[str]] = {}
    for read in read_period(source, keep, heads=_HEADS):
        counting.take(read)
        if read.type in {"session.logged_in", "session.login_failed", "session.logged_out"}:
            people.setdefault(name_of(read.row, "actor"), Counter())[read.type] += 1
    by_name = {tally.name: tally for tally in counting.tallies}
    signed = by_name["Sign-ins"].count + by_name["Failed sign-ins"].count
    return {
        "headline": [
            {"label": words, "value": f"{by_name[name].count:,}"}
            for words, name in (
                ("Sign-ins", "Sign-ins"), ("Failed sign-ins", "Failed sign-ins"),
                ("Changes to members", "Changes to members and roles"),
                ("Credentials", "Credentials of agents"),
            )
        ],
        "figures": [tally.figure for tally in counting.tallies],
        "tables": [
            Table(
                "Who signed in",
                "type = session.logged_in or type = session.login_failed, by actor",
                signed,
                [Column("Person"), Column("Signed in", "num"), Column("Failed", "num")],
                [
                    (name, counts["session.logged_in"], counts["session.login_failed"])
                    for name, counts in sorted(
                        people.items(), key=lambda item: (-item[1].total(), item[0])
                    )
                ],
                "Nobody signed in during the period.",
            )
        ],
        "listings": [
            listing_of(tally.exceptional)
            for tally in counting.tallies
            if tally.most
        ],
    }  # fmt: skip


KIND: Final = Kind(
    slug="access",
    title="Access and credentials",
    purpose="Who could get in and with what, whose rights changed, and who took what out.",
    needs=Needs.PERIOD,
    gather=gather,
    template="audit/reports/tables.html",
)
