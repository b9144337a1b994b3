"""Two days in forty seconds with everything killed; and each check finds what was planted."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from govapp.chaos.cli import report
from govapp.chaos.invariants import QUERIES, Connection, find_breaches
from govapp.chaos.journals import find_broken_promises, look_at_mail, read_mail
from govapp.chaos.lapsed import SLUG, Outcome, Plan, run_lapse
from govapp.chaos.seating import TITLE, find_unfounded
from govapp.chaos.stack import Stack, running_stack
from tests.life.journey import tell
from tests.life.planted import PLANTS
from tests.support.services import copy_template

pytestmark = pytest.mark.timeout(900)
PLAN = Plan(seconds=40.0, days=2.0, seed=7, rate=3.0)
KINDS = {
    "worker killed",
    "beat killed",
    "web killed",
    "sweeper killed",
    "sequencer killed",
    "valkey killed",
    "valkey flushed",
    "postgres restarted",
    "postgres crashed",
    "clock set back",
    "clock set forward",
    "host with a wrong clock",
}


@dataclass
class Lapsed:
    stack: Stack
    outcome: Outcome
    mail: list[tuple[str, str, str]]

    def breaches(self, connection: Connection) -> set[str]:
        """Everything that is found now, by every means."""
        tenant, folder = self.outcome.tenant_id, self.stack.directory
        found = set(find_breaches(connection, tenant))
        found |= {TITLE} if find_unfounded(connection, tenant) else set()
        found |= set(find_broken_promises(connection, tenant, folder / "journal"))
        mail = look_at_mail(connection, tenant, self.mail)
        return found | set(mail.breaches)


@pytest.fixture(scope="module")
def lapsed(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[Lapsed]:
    """A Govapp of its own, for its clock runs away; after the lapse, with everything settled."""
    state = tmp_path_factory.mktemp("chaos") / "state"
    copy_template(template, state)
    with running_stack(state) as stack:
        outcome = run_lapse(stack, PLAN, tell)
        tell(report(outcome))
        mail = list(read_mail(stack.directory / "mail", f"{SLUG}.example"))
        yield Lapsed(stack, outcome, mail)


def test_nothing_is_lost_or_done_twice_or_approved_by_silence(lapsed: Lapsed) -> None:
    assert lapsed.outcome.breaches == {}


def test_every_kind_of_fault_was_injected(lapsed: Lapsed) -> None:
    assert set(lapsed.outcome.figures.faults) == KINDS


def test_there_was_something_to_lose(lapsed: Lapsed) -> None:
    counts = lapsed.outcome.figures.counts
    ends = {"allowed", "approved", "expired"}
    assert ends & set(counts["Requests"]) == ends
    assert counts["Permissions"]["used"] > 0
    assert counts["Timers"]["remind, fired"] > 0
    assert lapsed.outcome.tally.counts["voted"] > 0, report(lapsed.outcome)


@pytest.mark.parametrize(("title", "plant"), PLANTS)
def test_a_planted_breach_is_found(lapsed: Lapsed, title: str, plant: str) -> None:
    with lapsed.stack.superuser() as connection:
        # Triggers and foreign keys would not let it happen.
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(plant)
        found = lapsed.breaches(connection)
        connection.rollback()
    assert title in found - set(lapsed.outcome.breaches)


def test_every_query_has_a_plant() -> None:
    assert set(QUERIES) - {title for title, _ in PLANTS} == set()
