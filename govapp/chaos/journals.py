"""What was told to those outside, held against the database: answers to agents, mail to people."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from govapp.chaos.invariants import Connection
from govapp.chaos.mail import messages_in

_DIGITS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_REQUESTS: Final = """
SELECT id, status FROM approvals_actionrequest WHERE tenant_id = %(tenant)s
"""
_USED: Final = """
SELECT jti FROM approvals_executiongrant WHERE tenant_id = %(tenant)s AND redeemed_at IS NOT NULL
"""
_VOTES: Final = """
SELECT vote.request_id, login.email, vote.verdict FROM approvals_vote AS vote
JOIN tenants_membership AS member ON member.id = vote.member_id
JOIN tenants_user AS login ON login.id = member.user_id
WHERE vote.tenant_id = %(tenant)s
"""
_MESSAGES: Final = """
SELECT id, status FROM approvals_notification WHERE tenant_id = %(tenant)s AND channel = 'email'
"""


def find_broken_promises(
    connection: Connection, tenant_id: str, journal: Path
) -> dict[str, list[str]]:
    """Hold against the database what agents and people were told; return what is not so."""
    known = {"tenant": tenant_id}
    status = {row["id"]: row["status"] for row in connection.execute(_REQUESTS, known).fetchall()}
    used = {row["jti"] for row in connection.execute(_USED, known).fetchall()}
    votes = {
        (row["request_id"], row["email"], row["verdict"])
        for row in connection.execute(_VOTES, known).fetchall()
    }
    told: dict[str, list[dict[str, Any]]] = {}
    for line in journal.read_text().splitlines():
        note = json.loads(line)
        told.setdefault(note["event"], []).append(note)
    submitted = told.get("submitted", [])
    by_key: dict[str, set[str]] = {}
    for note in submitted:
        by_key.setdefault(note["key"], set()).add(note["id"])
    found = {
        "an accepted submission is lost": [
            note["id"] for note in submitted if ident(note["id"]) not in status
        ],
        "one key yielded two requests": [key for key, ids in by_key.items() if len(ids) > 1],
        "a decision that was told is another now": [
            note["id"]
            for note in told.get("decided", [])
            if status.get(ident(note["id"])) != note["status"]
        ],
        "a use that was confirmed is lost": [
            note["jti"] for note in told.get("redeemed", []) if UUID(note["jti"]) not in used
        ],
        "a vote that was confirmed is lost": [
            f"{note['id']}, {note['email']}"
            for note in told.get("voted", [])
            if (ident(note["id"]), note["email"], note["verdict"]) not in votes
        ],
    }
    return {title: each for title, each in found.items() if each}


@dataclass(frozen=True)
class Mail:
    """What was delivered, and what is wrong with it."""

    delivered: int
    again: int
    breaches: dict[str, list[str]]


def look_at_mail(
    connection: Connection, tenant_id: str, delivered: Iterable[tuple[str, str, str]]
) -> Mail:
    """Hold the delivered mail (`read_mail`) against the outbox.

    A message may come again when its sender died before it had written down that it was sent;
    then it is the same message, with the same id.
    """
    rows = connection.execute(_MESSAGES, {"tenant": tenant_id}).fetchall()
    status = {row["id"]: row["status"] for row in rows}
    copies: dict[UUID, Counter[tuple[str, str]]] = {}
    for name, to, subject in delivered:
        copies.setdefault(ident(name), Counter())[(to, subject)] += 1
    found = {
        "a message recorded as sent was not delivered": [
            str(each) for each in status if status[each] == "sent" and each not in copies
        ],
        "a message was delivered that nobody queued": [
            str(each) for each in copies if each not in status
        ],
        "one id was delivered to different people or with different words": [
            str(each) for each, variants in copies.items() if len(variants) > 1
        ],
    }
    number = sum(variants.total() for variants in copies.values())
    breaches = {title: each for title, each in found.items() if each}
    return Mail(number, number - len(copies), breaches)


def read_mail(folder: Path, domain: str) -> Iterator[tuple[str, str, str]]:
    """Yield id, recipient and subject of every message that was delivered to this domain."""
    for path in sorted(folder.glob("*.log")):
        for message in messages_in(path):
            to = str(message["To"])
            if f"@{domain}" in to:
                name = str(message["Message-ID"]).strip("<>").partition("@")[0]
                yield name, to, str(message["Subject"])


def ident(name: str) -> UUID:
    """Read the UUID in a public id (`ar_…`, Crockford's base 32). Raises ValueError."""
    number = 0
    for digit in name.partition("_")[2]:
        number = number * 32 + _DIGITS.index(digit)
    return UUID(int=number)
