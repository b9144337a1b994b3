"""`manage.py simulate_policy`: what it prints, keeps and refuses."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from approvals.models import PolicySimulation
from audit.models import LedgerEvent
from govapp.common.tenancy import tenant_transaction
from tests.approvals.services.replays import over, paid, text
from tests.approvals.world import FOUR_EYES, World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    return make_world(FOUR_EYES)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(text(over("500")))
    return path


def simulate(file: Path, *more: str) -> str:
    out = StringIO()
    call_command(
        "simulate_policy", "--tenant", "acme", "--file", str(file), *more, stdout=out,
        stderr=StringIO(),
    )  # fmt: skip
    return out.getvalue()


def kept(world: World) -> tuple[int, list[str]]:
    """How many replays are kept, and which events there are of them."""
    with tenant_transaction(world.company.id):
        rows = LedgerEvent.objects.filter(type__contains="policy").order_by("id")
        types = [row.type for row in rows if "simulation" in row.type or "replayed" in row.type]
        return PolicySimulation.objects.count(), types


def test_it_says_what_changes_and_keeps_nothing_but_the_event(world: World, file: Path) -> None:
    small, _ = paid(world, "100", "900")
    said = simulate(file).splitlines()
    assert said[0] == "1 of 2 requests would have been decided otherwise."
    assert said[-1] == (
        f"{small.public_id}  require_approval -> allow  (looser): it applies to payments.transfer"
    )
    assert kept(world) == (0, ["policy.replayed"])


def test_it_prints_json(world: World, file: Path) -> None:
    small, _ = paid(world, "100", "900")
    said: dict[str, Any] = json.loads(simulate(file, "--json", "--period", "all"))
    assert said["changes"] == {"all": 1, "looser": 1, "other": 0, "stricter": 0}
    assert [each["request"] for each in said["listed"]] == [small.public_id]


def test_as_somebody_it_is_kept_under_their_name(world: World, file: Path) -> None:
    paid(world, "100")
    said = simulate(file, "--as", world.company.carl.user.email)
    with tenant_transaction(world.company.id):
        made = PolicySimulation.objects.get()
    assert (made.requested_by_id, made.status) == (world.company.carl.pk, "done")
    assert f"Kept as {made.public_id}." in said
    assert kept(world)[1] == ["policy_simulation.started", "policy_simulation.finished"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--tenant", "nobody"), "There is no tenant nobody."),
        (("--file", "/nowhere.yaml"), "cannot be read"),
        (("--as", "zoe@acme.example"), "Nobody here has the address"),
        (("--as", "alice@acme.example"), "Only members with the role compliance"),
    ],
)
def test_what_cannot_be_done_is_said(
    world: World, file: Path, more: tuple[str, str], why: str
) -> None:
    with pytest.raises(CommandError, match=why):
        simulate(file, *more)


def test_a_file_that_is_no_policy_is_refused_with_places(world: World, file: Path) -> None:
    file.write_text("version: 2\n")
    with pytest.raises(CommandError, match=r"/version .*Line 1"):
        simulate(file)
