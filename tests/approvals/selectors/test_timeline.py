"""What the history of a request calls the steps of an escalation."""

import pytest

from approvals.models import RequirementStage
from approvals.selectors.timeline import added_words
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import make_world, policy, stage

ESCALATIONS = [
    {"after": "1h", "add": [{"group": "risk"}], "repeat": {"every": "10m", "times": 2}},
    {"after": "2h", "add": [{"group": "managers"}], "hand_over": True},
]


@pytest.mark.django_db
def test_each_step_says_what_happens_then() -> None:
    world = make_world(policy(stage("finance", escalations=ESCALATIONS)))
    world.submit()
    with tenant_transaction(world.company.id):
        opened = RequirementStage.objects.select_related("requirement").get()
    assert [added_words(opened, level) for level in range(5)] == [
        "Added: Risk",
        "Asked again, 1 of 2: Risk",
        "Asked again, 2 of 2: Risk",
        "Handed over to: Managers",
        "Added: more people",
    ]
