"""verify.py, as an auditor runs it: a file of its own, and Python without anything of ours."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.packs.assembling import verify_py
from audit.packs.verifier.main import verify_pack
from tests.audit.packs import world
from tests.audit.packs.forging import Mutation, unpacked
from tests.audit.packs.mutations import ARCHIVES, MUTATIONS
from tests.audit.packs.run_mutations import (
    PRUNED_RUNS,
    RUN,
    SELECTED_RUNS,
    one_run,
    packed,
    runs_pack,
    told,
)


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Run verify.py in an isolated Python and return its exit code and report."""
    script = tmp_path / "verify.py"
    script.write_bytes(verify_py())

    def verify(data: bytes | Path, *options: str) -> tuple[int, Any]:
        if isinstance(data, bytes):
            (tmp_path / "pack.zip").write_bytes(data)
            data = tmp_path / "pack.zip"
        command = [sys.executable, "-I", "-S", str(script), "--json", *options, str(data)]
        done = subprocess.run(command, capture_output=True, env={}, check=False, timeout=120)
        assert done.stderr == b""
        return done.returncode, json.loads(done.stdout)

    return verify


def reasons(data: bytes, tmp_path: Path, **known: Any) -> tuple[str, ...]:
    pack = tmp_path / "forged.zip"
    pack.write_bytes(data)
    verdict = verify_pack(
        pack, known.get("vkey", []), known.get("witness", []), known.get("stamper", []),
        known.get("sha256", ""),
    )  # fmt: skip
    assert verdict.trust == "refused"
    return tuple(found["reason"] for found in verdict.refusals)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_forged_pack_is_refused_for_the_right_reason(mutation: Mutation, tmp_path: Path) -> None:
    assert reasons(mutation.make(), tmp_path, **mutation.known) == mutation.reasons


@pytest.mark.parametrize(("name", "change", "expected"), ARCHIVES)
def test_a_broken_archive_is_refused(
    name: str, change: Any, expected: tuple[str, ...], tmp_path: Path
) -> None:
    assert reasons(change(world.a_pack()), tmp_path) == expected


def test_an_intact_pack_is_accepted_on_first_use(run: Any) -> None:
    code, found = run(world.a_pack())
    assert (code, found["verdict"], found["refusals"]) == (3, "intact-unknown", [])
    assert found["trust"]["why"] == "first-use"
    assert found["withheld"] == [
        "Earlier events of the record that are not in the pack: 1.",
        "Later events of the record that are not in the pack: 4.",
        "Events pruned under a recorded retention rule, whose hashes are here: 2.",
        "Personal values erased, together with the key that they were under: 1.",
        (
            "The authority of anchor/time-stamp-1.tsr has a certificate with the SHA-256"
            f" {world.certificate_sha256()}; compare it."
        ),
    ]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--vkey", world.NEW.verifier.encode()), "pinned"),
        (("--vkey", world.OLD.verifier.encode()), "handed-over"),
        (("--witness", world.witness_vkey()), "witnessed"),
    ],
)
def test_what_is_known_from_elsewhere_makes_it_firm(
    run: Any, options: tuple[str, ...], why: str
) -> None:
    code, found = run(world.a_pack(), *options)
    assert (code, found["verdict"], found["trust"]["why"]) == (0, "intact", why)


def test_a_stranger_key_is_refused_with_code_one(run: Any) -> None:
    code, found = run(world.a_pack(), "--vkey", world.STRANGER.verifier.encode())
    assert (code, [each["reason"] for each in found["refusals"]]) == (1, ["key-not-pinned"])


def test_an_unpacked_pack_is_accepted_wherever_it_lies(run: Any, tmp_path: Path) -> None:
    for name, content in unpacked(world.a_pack()).items():
        path = tmp_path / "evidence" / "inner" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "evidence" / "inner" / ".DS_Store").write_bytes(b"litter")
    assert run(tmp_path / "evidence" / "inner")[0] == 3
    assert run(tmp_path / "evidence")[0] == 3


def test_a_selection_says_that_it_is_one(run: Any) -> None:
    code, found = run(world.packed(world.selection()))
    assert code == 3
    assert found["withheld"] == [
        (
            "This is a selection: 12 of 40 events. It cannot show that nothing else matched the"
            " query; a pack of a whole period can."
        ),
        "Personal values left out by whoever made the pack (name): 11.",
        "Personal values erased, together with the key that they were under: 1.",
        "No directory, witness or time-stamping authority vouches for this checkpoint.",
    ]


def test_what_makes_no_sense_ends_with_two(tmp_path: Path) -> None:
    script = tmp_path / "verify.py"
    script.write_bytes(verify_py())
    for arguments in (["nowhere.zip"], ["--vkey", "nonsense", "nowhere.zip"], []):
        command = [sys.executable, "-I", "-S", str(script), *arguments]
        done = subprocess.run(command, capture_output=True, cwd=tmp_path, check=False, timeout=60)
        assert done.returncode == 2


def test_the_verdict_says_of_how_many_runs_all_is_here(run: Any) -> None:
    for data in (runs_pack(), one_run()):
        code, found = run(data)
        assert (code, found["refusals"]) == (3, [])
        whole = "Runs of which every event is here, as many as the closing event counts: 1."
        assert whole in found["checked"]
        still_open = "Runs without a closing event here; nobody can say what came last: 1."
        assert (still_open in found["withheld"]) is (data == runs_pack())


@pytest.mark.parametrize(
    ("taken", "query", "withheld"),
    [
        ([0, 2, 4, 7], {"type": "run.step_recorded", "subject": RUN}, ("part", "open")),
        ([0, *range(1, 8)], {"subject": RUN}, ("open",)),
    ],
    ids=["some were asked for", "the end is not here"],
)
def test_what_a_selection_does_not_show_of_a_run_is_said(
    run: Any, taken: list[int], query: dict[str, str], withheld: tuple[str, ...]
) -> None:
    supporting = frozenset(taken) - {2, 4, 7} if "type" in query else frozenset({0, 3, 5, 6})
    data = packed(told(), taken=taken, query=query, supporting=supporting)
    code, found = run(data)
    assert (code, found["refusals"]) == (3, [])
    said = " ".join(found["withheld"])
    parts = {
        "part": "Runs of which not every event is here",
        "open": "Runs without a closing event",
    }
    assert tuple(name for name, words in parts.items() if words in said) == withheld


@pytest.mark.parametrize(("name", "make", "followed"), SELECTED_RUNS)
def test_no_more_links_of_a_run_are_said_to_be_checked_than_were(
    run: Any, name: str, make: Callable[[], bytes], followed: int
) -> None:
    code, found = run(make())
    assert (code, found["refusals"]) == (3, [])
    said = [each for each in found["checked"] if each.startswith("Events of runs")]
    words = f"Events of runs, each of which follows the one before it: {followed}."
    assert said == [words] * (followed > 0)


@pytest.mark.parametrize(("name", "make", "is_whole"), PRUNED_RUNS)
def test_what_was_pruned_of_a_run_is_no_gap(
    run: Any, name: str, make: Callable[[], bytes], is_whole: bool
) -> None:
    code, found = run(make())
    assert (code, found["refusals"]) == (3, [])
    said = [each for each in found["withheld"] if each.startswith("Runs of which not every event")]
    assert (said == []) is is_whole
