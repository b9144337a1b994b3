"""The whole check, and the command line."""

from __future__ import annotations

import argparse
import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from audit.packs.verifier.anchors import check_anchor
from audit.packs.verifier.disclosures import check_counts, check_disclosures, say_what_is_withheld
from audit.packs.verifier.events import Record, check_events, check_report, check_runs_of
from audit.packs.verifier.files import Pack, check_files, open_pack, read_manifest
from audit.packs.verifier.log import (
    Keys,
    check_checkpoint,
    check_older,
    check_single_proofs,
    read_keys,
)
from audit.packs.verifier.notes import LOG_KEY, WITNESS_KEY, Malformed, parse_key
from audit.packs.verifier.trust import check_keys_are_recorded, judge_trust
from audit.packs.verifier.verdict import EXIT_USAGE, Refused, Verdict


def verify_pack(
    path: Path,
    pins: list[str],
    witnesses: list[str],
    stampers: list[str],
    digest: str = "",
) -> Verdict:
    """Check a pack, a zip archive or a folder, against what the caller knows already."""
    verdict = Verdict()
    try:
        pack = open_pack(path)
        try:
            manifest = read_manifest(pack)
            _check_digest(pack, digest, verdict)
            check_files(pack, manifest, verdict)
            keys = read_keys(pack, str(manifest["log"].get("origin")))
            _check_record(pack, manifest, keys, verdict, (pins, witnesses, stampers))
        finally:
            pack.close()
    except Refused as refused:
        verdict.refuse(refused.reason, **refused.fields)
    if verdict.refusals:
        verdict.believe("refused")
    return verdict


def _check_digest(pack: Pack, wanted: str, verdict: Verdict) -> None:
    if not wanted:
        return
    found = sha256(pack.read("manifest.json")).hexdigest()
    if found != wanted:
        verdict.refuse("digest-differs", found=found)
    else:
        verdict.check("digest")


def _check_record(
    pack: Pack,
    manifest: dict[str, Any],
    keys: Keys,
    verdict: Verdict,
    named: tuple[list[str], list[str], list[str]],
) -> None:
    pins, witnesses, stampers = named
    note, signers = check_checkpoint(pack, manifest, keys, verdict)
    record = check_events(pack, manifest, note, verdict)
    if record is not None:
        _check_what_events_say(pack, manifest, keys, record, verdict)
        check_single_proofs(pack, record.wanted_leaves, note, verdict)
    older = check_older(pack, keys, note, verdict)
    notes = [note, *(each for each, _ in older)]
    vouching = check_anchor(pack, keys, notes, stampers, verdict)
    judge_trust(signers, older, record, pins, vouching, witnesses, verdict)


def _check_what_events_say(
    pack: Pack, manifest: dict[str, Any], keys: Keys, record: Record, verdict: Verdict
) -> None:
    check_keys_are_recorded(keys, record, verdict)
    check_disclosures(pack, record, verdict)
    check_report(pack, manifest, record, verdict)
    check_runs_of(record, verdict)
    if not verdict.refusals:
        check_counts(manifest, record, verdict)
        say_what_is_withheld(manifest, record, verdict)


def printed(verdict: Verdict) -> str:
    """Return the verdict as a page of text."""
    found = verdict.as_json()
    blocks = [
        ("", [found["words"]]),
        ("Why it is refused", [f"{each['words']} [{each['reason']}]" for each in verdict.refusals]),
        ("What was checked", verdict.checked),
        ("What this pack does not show", verdict.withheld),
        ("Why the key is trusted", [verdict.trust_words]),
    ]
    lines = []
    for title, sentences in blocks:
        if sentences:
            lines += [f"\n{title}"] if title else []
            lines += [f"  {each}" if title else each for each in sentences]
    return "\n".join(line.encode("ascii", "backslashreplace").decode() for line in lines)


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Read the command line; ends the program with 2 when it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="verify.py",
        description="Check an evidence pack without any network. Needs Python alone.",
        epilog="Ends with 0: intact, by a key or witness that you named. 3: intact, by a key that"
        " you have not confirmed. 1: refused. 2: not understood.",
    )
    parser.add_argument("pack", type=Path, help="the zip archive, or the folder it was unpacked to")
    parser.add_argument("--vkey", action="append", default=[], help="the log's key that you expect")
    parser.add_argument("--witness", action="append", default=[], help="a witness whom you trust")
    parser.add_argument(
        "--stamper", action="append", default=[], metavar="SHA256",
        help="SHA-256 of the certificate of a time-stamping authority that you trust",
    )  # fmt: skip
    parser.add_argument("--sha256", default="", help="the SHA-256 that manifest.json must have")
    parser.add_argument("--json", action="store_true", help="report for programs")
    chosen = parser.parse_args(arguments)
    try:
        for vkey in chosen.vkey:
            parse_key(vkey, LOG_KEY)
        for vkey in chosen.witness:
            parse_key(vkey, WITNESS_KEY)
    except Malformed as error:
        parser.error(str(error))
    return chosen


def main(arguments: list[str]) -> int:
    """Check one pack and say what was found; returns the exit code."""
    chosen = parse_arguments(arguments)
    if not chosen.pack.exists():
        sys.stderr.write(f"There is no {chosen.pack}.\n")
        return EXIT_USAGE
    verdict = verify_pack(
        chosen.pack, chosen.vkey, chosen.witness, chosen.stamper, chosen.sha256.lower()
    )
    if chosen.json:
        sys.stdout.write(json.dumps(verdict.as_json(), ensure_ascii=True, indent=1) + "\n")
    else:
        sys.stdout.write(printed(verdict) + "\n")
    return verdict.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
