"""Submissions at the same moment: each is judged with the others that a rule counts in sight."""

from collections import Counter
from functools import partial

import pytest

from approvals.models import ActionRequest
from approvals.services.categories import change_category
from govapp.common.tenancy import tenant_transaction
from tests.approvals.documents import rule, rules, where
from tests.approvals.world import Document, make_world
from tests.support.committed import CommittedDatabase

ONE_A_RUN = rules(rule("once", "deny", where("run.actions", "gte", 1)), rule("rest", "allow"))


def test_of_many_at_once_in_one_run_a_limit_lets_one_through(
    committed_db: CommittedDatabase,
) -> None:
    world = make_world(ONE_A_RUN)
    for number in range(8):
        outcomes = committed_db.at_once([partial(world.submit, run=f"run-{number}")] * 6)
        statuses = Counter(
            outcome.status if isinstance(outcome, ActionRequest) else repr(outcome)
            for outcome in outcomes
        )
        assert statuses == {"allowed": 1, "blocked": 5}
    with tenant_transaction(world.company.id):
        counted = sorted(
            request.facts["run_counts"].get("payments.transfer", 0)
            for request in ActionRequest.objects.filter(run_key="run-0")
            if request.facts is not None
        )
    # The one that was let through saw none; those that were refused do not count.
    assert counted == [0, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    "condition",
    [
        where("history.requests_last_hour", "gte", 1),
        where("history.first_for_target", "eq", False),
    ],
    ids=["as many in an hour", "one for each target"],
)
def test_of_many_at_once_a_limit_on_the_past_lets_one_through(
    committed_db: CommittedDatabase, condition: Document
) -> None:
    world = make_world(rules(rule("once", "deny", condition), rule("rest", "allow")))
    with tenant_transaction(world.company.id):
        change_category(
            actor=world.company.carl,
            category=world.category,
            payload_schema={"type": "object"},
            target_field="to",
        )
    submit = partial(world.submit, payload={"to": "DE89"})
    outcomes = committed_db.at_once([submit] * 6)
    statuses = Counter(
        outcome.status if isinstance(outcome, ActionRequest) else repr(outcome)
        for outcome in outcomes
    )
    assert statuses == {"allowed": 1, "blocked": 5}
