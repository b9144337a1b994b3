"""Why the key is believed: named by whoever checks, vouched for by a witness, or neither."""

from __future__ import annotations

from audit.packs.verifier.events import Record
from audit.packs.verifier.log import Keys
from audit.packs.verifier.notes import Key, Note
from audit.packs.verifier.verdict import Verdict

Older = list[tuple[Note, list[Key]]]


def check_keys_are_recorded(keys: Keys, record: Record, verdict: Verdict) -> None:
    """Check that the record itself introduces each of its keys."""
    introduced = {vkey: index for index, vkey in record.keys}
    for each in keys.log:
        index = introduced.get(each.key.vkey)
        if index is not None:
            verdict.check("key", index=index, key=each.key.key_id.hex())
        elif not (each is keys.log[0] and 0 in record.pruned):
            verdict.refuse("key-not-in-record", key=each.key.vkey)


def judge_trust(
    signers: list[Key],
    older: Older,
    record: Record | None,
    pins: list[str],
    witnessed_by: list[str],
    witnesses: list[str],
    verdict: Verdict,
) -> None:
    """Say why the signing key is trusted; refuse when it is not the one that was named."""
    signing = [each.vkey for each in signers]
    handed = _handed_over(pins, older, record)
    by = next((each for each in signing if each in handed), None)
    if pins and by is None:
        verdict.refuse("key-not-pinned", key=signing[0])
    named = [each for each in witnesses if each in witnessed_by]
    if witnesses and not named:
        verdict.refuse("witness-missing")
    if by is not None:
        verdict.believe("pinned" if by in pins else "handed-over", key=by)
    elif named:
        verdict.believe("witnessed", key=named[0])
    else:
        verdict.believe("first-use", key=signing[0])


def _handed_over(pins: list[str], older: Older, record: Record | None) -> list[str]:
    """Return the named keys, and those that a trusted one introduced in the tree it signed."""
    trusted, before = list(pins), -1
    while record is not None and len(trusted) != before:
        before = len(trusted)
        for note, signers in older:
            if any(each.vkey in trusted for each in signers):
                trusted += [
                    vkey for index, vkey in record.keys if index < note.size and vkey not in trusted
                ]
    return trusted
