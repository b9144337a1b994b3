"""One Govapp for all journeys of a test process; each journey has a company of its own."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from govapp.chaos.stack import Stack, running_stack
from tests.life.journey import Company
from tests.support.services import copy_template

# What has a Govapp of its own need not wait for the journeys.
OF_THEIR_OWN = {"test_chaos", "test_start"}
# Made at once: a process that knows the whole application takes seconds to start.
COMPANIES = 4
NextCompany = Callable[[], Company]


@pytest.hookimpl(tryfirst=True)  # before the groups are written into names
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.life)
            group = "processes" if item.path.stem in OF_THEIR_OWN else "life"
            item.add_marker(pytest.mark.xdist_group(group))
            # Whole programs start here: on a busy machine that alone takes minutes.
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[Stack]:
    """A running Govapp: web, worker, beat, sweeper, sequencer, PostgreSQL, Valkey."""
    state = tmp_path_factory.mktemp("life") / "state"
    copy_template(template, state)
    with running_stack(state) as running:
        yield running


@pytest.fixture(scope="session")
def next_company(stack: Stack) -> NextCompany:
    """Hand out companies that nobody has touched."""
    numbers = itertools.count(1)
    kept: list[Company] = []

    def hand_out() -> Company:
        if not kept:
            slugs = [f"acme-{next(numbers)}" for _ in range(COMPANIES)]
            made = stack.python("-m", "tests.life.company", *slugs)
            assert made.returncode == 0, made.stderr
            kept.extend(Company(stack, json.loads(line)) for line in made.stdout.splitlines())
        return kept.pop(0)

    return hand_out


@pytest.fixture
def company(next_company: NextCompany) -> Company:
    """A new company in that Govapp, with a policy, people and four agents."""
    return next_company()
