"""Every sentence that a verifier can say, once for both of them."""

from __future__ import annotations

FORMAT = "govapp-evidence/1"

# Why a pack is refused: a stable name for programs, a sentence for people.
REASONS = {
    "pack-unreadable": "This cannot be read as an evidence pack: {why}.",
    "format-unknown": "The pack is of the format {format}, which this verifier does not know.",
    "manifest-malformed": "manifest.json is not what a pack has: {why}.",
    "digest-differs": "manifest.json has the SHA-256 {found}, not the one that you expect.",
    "file-missing": "{file} is missing: the manifest names it.",
    "file-twice": "{file} is in the pack twice.",
    "file-unlisted": "{file} is in the pack, and the manifest does not name it.",
    "file-unreadable": "{file} is damaged and cannot be read.",
    "file-changed": "{file} is not the file that was packed: its SHA-256 differs.",
    "key-malformed": "keys.json has a key that is none: {why}.",
    "key-out-of-range": "The key that signed {file} was not in use at size {size}.",
    "key-not-in-record": "No event of the record introduces the key {key}.",
    "key-not-pinned": "The record is signed by {key}, not by the key that you expect.",
    "checkpoint-malformed": "{file} is not a signed checkpoint: {why}.",
    "checkpoint-other-log": "{file} belongs to another log, {origin}.",
    "checkpoint-differs": "The manifest names another size or root than checkpoint.txt.",
    "checkpoint-unsigned": "{file} has no signature by a key of this log.",
    "checkpoint-forged": "{file} has a signature that does not fit its text.",
    "leaves-malformed": "leaves.txt is malformed in line {line}.",
    "event-malformed": "The event at index {index} is not one: {why}.",
    "event-changed": "The event at index {index} was changed: it does not have its recorded hash.",
    "event-missing": "The event at index {index} is missing.",
    "event-added": "Line {line} of events.jsonl is an event that the record does not have.",
    "order-changed": "The events are not in the order of the record (line {line}).",
    "pruned-unrecorded": "The event at index {index} is said to be pruned; no event records that.",
    "tree-differs": "The events do not lead to the root that was signed: something was changed,"
    " removed or added.",
    "scope-differs": "The event at index {index} lies outside of what the manifest says.",
    "query-differs": "The event at index {index} does not match the query in the manifest.",
    "count-differs": "The manifest counts {said} {what}; the pack has {found}.",
    "proof-malformed": "{file} is not a proof that can be read: {why}.",
    "proof-wrong": "{file} does not prove that the event stands at index {index}.",
    "consistency-wrong": "The record at size {old} is not the beginning of this one:"
    " history was changed.",
    "run-gap": "Of run {run} the events {first} to {last} are missing; no pruning tells of them.",
    "run-broken": "Event {number} of run {run}, at index {index}, does not follow the one before"
    " it.",
    "run-count": "The closing event of run {run} counts {said} {what}; the pack has {found}.",
    "disclosure-malformed": "disclosures.jsonl is malformed in line {line}.",
    "disclosure-wrong": "Value {number} of event {event} is not the one that was recorded.",
    "disclosures-differ": "disclosures.jsonl does not say what became of value {number} of event"
    " {event}.",
    "report-unrecorded": "No event in the pack records {file}.",
    "report-changed": "{file} is not the report that was recorded.",
    "anchor-malformed": "{file} cannot be read: {why}.",
    "anchor-unconnected": "The checkpoint that others vouch for is not one of this record.",
    "anchor-forged": "The directory's checkpoint has no fitting signature.",
    "anchor-wrong": "The directory does not hold the checkpoint of this record.",
    "witness-forged": "The cosignature by {name} does not fit.",
    "witness-missing": "None of the witnesses that you named has cosigned this record.",
    "stamp-malformed": "{file} is not a time stamp that can be read: {why}.",
    "stamp-other-data": "{file} is a time stamp of something else.",
    "stamp-forged": "{file} has a signature that does not fit.",
    "stamp-not-pinned": "{file} is not by the time-stamping authority that you expect.",
}

# What was checked and found right.
CHECKED = {
    "files": "Files that have the SHA-256 that the manifest names: {count}.",
    "digest": "The manifest is the one that you expect.",
    "checkpoint": "The record {origin} at size {size} is signed by its key {key}.",
    "tree": "Events that lead to the signed root, each from its own place: {count}.",
    "complete": "Nothing is missing from index {first} to {last}: each event is here or its hash"
    " is.",
    "proofs": "Single proofs (C2SP tlog-proof) that lead to the same root: {count}.",
    "consistency": "The record at size {old} is the beginning of this one.",
    "key": "The event at index {index} introduces the key {key}.",
    "disclosed": "Personal values that match what was recorded of them: {count}.",
    "run-events": "Events of runs, each of which follows the one before it: {count}.",
    "runs": "Runs of which every event is here, as many as the closing event counts: {count}.",
    "report": "{file} is the report that event {event} records.",
    "anchor": "The checkpoint of size {size} stands in a directory log at index {index}.",
    "witness": "{name} has cosigned that directory at {at}.",
    "stamp": "{file}: {name} has stamped that directory at {at}.",
}

# What the pack does not show, so that nobody takes silence for proof.
WITHHELD = {
    "selection": "This is a selection: {count} of {size} events. It cannot show that nothing else"
    " matched the query; a pack of a whole period can.",
    "before": "Earlier events of the record that are not in the pack: {count}.",
    "after": "Later events of the record that are not in the pack: {count}.",
    "pruned": "Events pruned under a recorded retention rule, whose hashes are here: {count}.",
    "redacted": "Personal values left out by whoever made the pack ({kinds}): {count}.",
    "erased": "Personal values erased, together with the key that they were under: {count}.",
    "runs-part": "Runs of which not every event is here, being of other days, not asked for, or"
    " pruned: {count}.",
    "runs-open": "Runs without a closing event here; nobody can say what came last: {count}.",
    "no-anchor": "No directory, witness or time-stamping authority vouches for this checkpoint.",
    "stamp-unchecked": "{file} uses an algorithm that is not checked here: {why}.",
    "stamp-first-use": "The authority of {file} has a certificate with the SHA-256 {key};"
    " compare it.",
}

# Why the key is believed.
TRUST = {
    "pinned": "The key is trusted because you named it: {key}.",
    "handed-over": "The key is trusted because the key that you named handed over to it, inside of"
    " the record: {key}.",
    "witnessed": "The record is trusted because a witness that you named cosigned it: {key}.",
    "first-use": "You have not said which key to expect. Compare this one with a copy from"
    " elsewhere, such as an earlier pack or the tenant's own notes: {key}.",
    "refused": "Nothing here is to be trusted: the pack was refused.",
}

VERDICTS = {
    "intact": "Intact. Everything in this pack is as it was recorded.",
    "intact-unknown": "Intact, by a key that you have not confirmed.",
    "refused": "Refused. This pack is not as it was recorded.",
}


def number(value: int) -> str:
    """Write a count for people."""
    return f"{value:,}"
