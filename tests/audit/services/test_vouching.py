"""Others vouch: `aics-witness` cosigns growth and refuses a fork, an authority stamps."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from pytest_django.fixtures import Settings

from audit.merkle.cosignature import WitnessKey
from audit.merkle.note import Checkpoint, LogKey, sign_checkpoint
from audit.merkle.tree import leaf_hash
from audit.models import Cosignature, DirectoryCheckpoint, DirectoryKey, DirectoryLog, Voucher
from audit.selectors.directory import asked_vouchers, directory_key
from audit.services.directory import grow_directory
from audit.services.sequencer import sequence_tenant
from audit.services.vouching import _cosign, ask_due_vouchers, ask_voucher, pause_after
from audit.transports.vouching import VouchingFailed
from audit.transports.witness import add_checkpoint
from govapp.common import clock
from govapp.common.sealing import unseal
from tests.audit.books import sequenced_tenant, write_events
from tests.audit.others import Others
from tests.audit.others.witness import RunningWitness, running_witness
from tests.conftest import MoveClock
from tests.support.receiver import running_receiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant_id() -> UUID:
    """A tenant whose record of three events is in the directory."""
    tenant = sequenced_tenant(3)
    grow_directory()
    return tenant


@pytest.fixture
def witness(
    tenant_id: UUID, others: Others, tmp_path: Path, settings: Settings
) -> Iterator[RunningWitness]:
    """A witness that knows our directory, in the settings."""
    key = directory_key()
    assert key is not None
    with running_witness(others, tmp_path / "w1", key) as running:
        settings.LEDGER_WITNESSES = [running.setting]
        yield running


def grow(tenant_id: UUID, events: int = 1) -> None:
    write_events(tenant_id, events)
    sequence_tenant(tenant_id=tenant_id)
    grow_directory()


def test_a_witness_of_others_cosigns_growth(witness: RunningWitness, tenant_id: UUID) -> None:
    for size in (1, 2, 3):
        ask_voucher(name=witness.vkey, is_pressing=True)
        row = Cosignature.objects.order_by("-checkpoint_id")[:1].get()
        assert (row.checkpoint_id, row.vkey) == (size, witness.vkey)
        assert WitnessKey.decode(row.vkey).verify(row.line, row.checkpoint.note) > 0
        grow(tenant_id)
    assert Voucher.objects.get(name=witness.vkey).failure == ""


def test_what_it_knows_already_is_not_asked_again(witness: RunningWitness) -> None:
    assert ask_voucher(name=witness.vkey).startswith("vouches for size 1, ")
    assert ask_voucher(name=witness.vkey, is_pressing=True) == ""
    assert Cosignature.objects.count() == 1


def test_it_refuses_a_fork_and_keeps_the_evidence(witness: RunningWitness, tenant_id: UUID) -> None:
    show_another_history(witness)
    assert witness.evidence() == []
    grow(tenant_id)
    words = ask_voucher(name=witness.vkey)
    assert words == (
        "It REFUSED to cosign (422): our directory does not continue the one that it cosigned."
    )
    assert Cosignature.objects.count() == 0
    (kept,) = witness.evidence()
    assert (kept["witness_size"], kept["old_size"]) == (1, 1)
    assert Voucher.objects.get(name=witness.vkey).failure == words


def show_another_history(witness: RunningWitness) -> None:
    """What whoever has our key could do: let the witness cosign a directory that never was."""
    directory = DirectoryLog.objects.get()
    seed = unseal(bytes(DirectoryKey.objects.get().private_key_sealed))
    key = LogKey.from_seed(directory.origin, seed)
    forged = Checkpoint(directory.origin, 1, leaf_hash(b"another history\n"))
    lines = add_checkpoint(witness.url, old_size=0, proof=(), note=sign_checkpoint(forged, key=key))
    assert len(lines) == 1


def test_a_witness_that_stands_elsewhere_is_followed(
    witness: RunningWitness, tenant_id: UUID
) -> None:
    ask_voucher(name=witness.vkey)
    Voucher.objects.update(size=0)  # we forgot, or somebody else submitted
    grow(tenant_id)
    assert ask_voucher(name=witness.vkey, is_pressing=True).startswith("vouches for size 2, ")


def test_a_directory_restored_from_an_old_copy_is_said_to_be(
    witness: RunningWitness, tenant_id: UUID
) -> None:
    grow(tenant_id)
    ask_voucher(name=witness.vkey)
    Voucher.objects.update(size=0)
    old = DirectoryCheckpoint.objects.get(size=1)
    with pytest.raises(VouchingFailed, match="has cosigned size 2, our directory has 1"):
        _cosign(asked_vouchers()[0], old)


def test_a_witness_that_does_not_know_us_says_what_to_do(
    tenant_id: UUID, others: Others, tmp_path: Path, settings: Settings
) -> None:
    with running_witness(others, tmp_path / "w2") as running:
        settings.LEDGER_WITNESSES = [running.setting]
        assert ask_voucher(name=running.vkey) == (
            "It does not know our directory (404): give it origin and verifier key."
        )


def test_a_cosignature_by_another_key_is_not_taken(
    witness: RunningWitness, settings: Settings
) -> None:
    other = LogKey.generate("witness.example/w1").verifier
    vkey = WitnessKey(other.name, other.public_key).encode()
    settings.LEDGER_WITNESSES = [f"{vkey} {witness.url}"]
    assert ask_voucher(name=vkey) == "Its answer has no cosignature by the configured key."
    assert Cosignature.objects.count() == 0


def test_the_pauses_grow_up_to_an_hour() -> None:
    pauses = [pause_after(attempts).total_seconds() for attempts in (1, 2, 3, 4, 9, 10, 1000)]
    assert pauses == [10, 20, 40, 80, 2560, 3600, 3600]


def test_who_does_not_answer_is_asked_again_after_a_pause(
    tenant_id: UUID, settings: Settings, move_clock: MoveClock
) -> None:
    with running_receiver() as receiver:
        receiver.usual_status = 503
        vkey = witness_vkey()
        settings.LEDGER_WITNESSES = [f"{vkey} {receiver.url}"]
        for number in range(12):
            move_clock(timedelta(days=number))
            assert ask_voucher(name=vkey) == "It answered with status 503."
            assert Voucher.objects.get(name=vkey).attempts == number + 1
        assert ask_voucher(name=vkey) == ""  # not its turn for an hour
        assert len(receiver.received) == 12
        assert receiver.received[0].path == "/hook/add-checkpoint"


def test_a_witness_that_nobody_reaches_stops_nothing(tenant_id: UUID, settings: Settings) -> None:
    vkey = witness_vkey()
    settings.LEDGER_WITNESSES = [f"{vkey} http://127.0.0.1:1"]
    assert ask_voucher(name=vkey) == "The connection failed: ConnectError."
    grow(tenant_id)
    assert DirectoryCheckpoint.objects.count() == 2


def test_a_private_address_is_not_called_unless_the_operator_says_so(
    tenant_id: UUID, settings: Settings
) -> None:
    settings.LEDGER_VOUCHERS_MAY_BE_PRIVATE = False
    vkey = witness_vkey()
    with running_receiver() as receiver:
        settings.LEDGER_WITNESSES = [f"{vkey} {receiver.url}"]
        assert ask_voucher(name=vkey) == "The receiver is not on the public Internet."
        assert receiver.received == []


def test_who_is_asked_by_another_process_is_not_asked_twice(witness: RunningWitness) -> None:
    assert ask_due_vouchers() == [witness.vkey]
    Voucher.objects.update(next_at=clock.now() + timedelta(hours=1))  # its lease
    assert ask_voucher(name=witness.vkey) == ""
    assert ask_due_vouchers() == []
    assert Cosignature.objects.count() == 0


def test_a_witness_that_was_taken_out_of_the_settings_is_not_asked(
    witness: RunningWitness, settings: Settings
) -> None:
    settings.LEDGER_WITNESSES = []
    assert ask_due_vouchers() == []
    assert ask_voucher(name=witness.vkey) == ""


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "nobody https://witness.example",
        "log.example+0123abcd+AQ== https://witness.example",
        LogKey.generate("log.example").verifier.encode() + " https://witness.example",
    ],
    ids=["nothing", "no key", "a short key", "the key of a log"],
)
def test_a_malformed_setting_is_refused(entry: str, settings: Settings) -> None:
    settings.LEDGER_WITNESSES = [entry]
    with pytest.raises(ValueError, match="LEDGER_WITNESSES"):
        asked_vouchers()


def test_an_address_without_a_scheme_is_refused(settings: Settings) -> None:
    settings.LEDGER_WITNESSES = [f"{witness_vkey()} witness.example"]
    with pytest.raises(ValueError, match="https://"):
        asked_vouchers()


def witness_vkey() -> str:
    made = LogKey.generate("witness.example/w9").verifier
    return WitnessKey(made.name, made.public_key).encode()
