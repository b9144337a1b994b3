"""One Govapp for all journeys of a test process; each journey has a company of its own."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from govapp.chaos.stack import Stack, running_stack
from tests.life.journey import Company

NewCompany = Callable[[], Company]
_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.life)
            item.add_marker(pytest.mark.xdist_group("life"))
            # Whole programs start here: on a busy machine that alone takes minutes.
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running Govapp: web, worker, beat, sweeper, sequencer, PostgreSQL, Valkey."""
    with running_stack(tmp_path_factory.mktemp("life") / "state") as running:
        yield running


@pytest.fixture
def company(stack: Stack) -> Company:
    """A new company in that Govapp, with a policy, people and four agents."""
    made = stack.python("-m", "tests.life.company", f"acme-{next(_numbers)}")
    assert made.returncode == 0, made.stderr
    return Company(stack, json.loads(made.stdout))
