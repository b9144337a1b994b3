"""Personal values: the record holds commitments to them, the pack hands out what may be known."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from audit.packs.verifier.events import Record
from audit.packs.verifier.files import Pack, read_object
from audit.packs.verifier.verdict import Refused, Verdict

WITHHELD_AS = ("redacted", "erased")


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a value without floats."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return (
            b"{" + b",".join(canonical(key) + b":" + canonical(value[key]) for key in keys) + b"}"
        )
    if isinstance(value, list):
        return b"[" + b",".join(canonical(each) for each in value) + b"]"
    return json.dumps(value, ensure_ascii=False).encode()


def check_disclosures(pack: Pack, record: Record, verdict: Verdict) -> None:
    """Check that each commitment is opened rightly, or said to be withheld."""
    lines = pack.lines("disclosures.jsonl")
    for number, (event, commitment) in enumerate(_commitments(pack), 1):
        said = next(lines, None)
        if said is None:
            verdict.refuse("disclosures-differ", event=event, number=commitment["n"])
            return
        found = read_object(said)
        if found is None:
            raise Refused("disclosure-malformed", line=number)
        wanted = (event, commitment["n"], commitment["of"])
        if (found.get("event"), found.get("n"), found.get("of")) != wanted:
            verdict.refuse("disclosures-differ", event=event, number=commitment["n"])
            return
        _check_one(found, commitment, number, record, verdict)
    if (said := next(lines, None)) is not None:
        found = read_object(said) or {}
        verdict.refuse("disclosures-differ", event=found.get("event"), number=found.get("n"))
    elif record.counts["disclosed"]:
        verdict.check("disclosed", count=record.counts["disclosed"])


def _commitments(pack: Pack) -> Iterator[tuple[str, dict[str, Any]]]:
    for line in pack.lines("events.jsonl"):
        if b'"personal"' not in line:
            continue
        body = read_object(line) or {}
        personal = body.get("personal")
        if not isinstance(personal, dict):
            continue
        numbers = sorted(int(each) for each in personal if each.isascii() and each.isdigit())
        for number in numbers:
            entry = personal.get(str(number))
            if isinstance(entry, dict):
                yield str(body.get("id")), {"n": number, **entry}


def _check_one(
    found: dict[str, Any], commitment: dict[str, Any], line: int, record: Record, verdict: Verdict
) -> None:
    if "withheld" in found:
        if found["withheld"] not in WITHHELD_AS or "value" in found:
            raise Refused("disclosure-malformed", line=line)
        record.counts[found["withheld"]] += 1
        return
    salt = str(found.get("salt"))
    if len(salt) != 64 or any(each not in "0123456789abcdef" for each in salt):
        raise Refused("disclosure-malformed", line=line)
    made = hmac.new(bytes.fromhex(salt), canonical(found.get("value")), sha256).hexdigest()
    if made != commitment.get("hmac"):
        verdict.refuse("disclosure-wrong", event=found["event"], number=found["n"])
        return
    record.counts["disclosed"] += 1


def check_counts(manifest: dict[str, Any], record: Record, verdict: Verdict) -> None:
    """Compare what the manifest counts with what was found."""
    for what in ("events", "supporting", "pruned", "disclosed", "redacted", "erased"):
        said, found = manifest["counts"].get(what, 0), record.counts[what]
        if said != found:
            verdict.refuse("count-differs", what=what, said=said, found=found)


def say_what_is_withheld(manifest: dict[str, Any], record: Record, verdict: Verdict) -> None:
    """Name everything of the record that the pack does not show."""
    scope, counts = record.scope, record.counts
    if scope["kind"] == "complete":
        verdict.check("complete", first=scope["first"], last=scope["last"])
        first, last = scope["first"], scope["last"]
        before = first - sum(index < first for index in record.supporting)
        after = record.size - last - 1 - sum(index > last for index in record.supporting)
        if before > 0:
            verdict.withhold("before", count=before)
        if after > 0:
            verdict.withhold("after", count=after)
    else:
        verdict.withhold("selection", count=counts["events"], size=record.size)
    if counts["pruned"]:
        verdict.withhold("pruned", count=counts["pruned"])
    if counts["redacted"]:
        kinds = manifest.get("redacted")
        said = ", ".join(str(each) for each in kinds) if isinstance(kinds, list) else ""
        verdict.withhold("redacted", count=counts["redacted"], kinds=said)
    if counts["erased"]:
        verdict.withhold("erased", count=counts["erased"])
