"""The demo bank has one pending request of each kind, and a discussion at one of them."""

import pytest

from approvals.demo.changes import first_policy
from approvals.demo.company import build_company
from approvals.demo.kinds import ONE_OF_EACH, discuss
from approvals.models import ActionCategory, ActionRequest, Comment
from approvals.selectors.payload_shown import KINDS, show_payload
from approvals.services.submission import submit_action
from govapp.common.tenancy import tenant_transaction

pytestmark = pytest.mark.django_db


def test_each_kind_waits_for_people_and_is_drawn_as_what_it_is() -> None:
    company = build_company(first_policy())
    kinds = []
    for story in ONE_OF_EACH:
        with tenant_transaction(company.tenant.pk):
            agent = company.agents[story.agent]
            made = submit_action(agent=agent, submission=story.submission)
            discuss(company, made)
            display = ActionCategory.objects.get(key=made.category_key).display
            kinds.append(show_payload(made.payload, display).kind)
            assert made.is_pending, made.because
    assert sorted(kinds) == sorted(KINDS)
    with tenant_transaction(company.tenant.pk):
        assert ActionRequest.objects.count() == len(KINDS)
        said = list(Comment.objects.order_by("created_at", "id").values_list("kind", flat=True))
    assert said == ["question", "answer", "answer", "comment"]
