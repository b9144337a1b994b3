"""The gateway between an agent and a model's service on loopback."""

from collections.abc import Iterator
from typing import Any

import pytest

from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent
from tests.approvals.api.agents import make_caller
from tests.approvals.api.gateways import Gateway
from tests.approvals.models_at import connect_model
from tests.support.committed import CommittedDatabase
from tests.support.model_service import ModelService, running_model_service
from tests.support.web import running_web


@pytest.fixture
def service() -> Iterator[ModelService]:
    with running_model_service() as running:
        yield running


@pytest.fixture
def gateway(
    committed_db: CommittedDatabase, service: ModelService, settings: Any
) -> Iterator[Gateway]:
    settings.CALLBACKS_MAY_GO_TO_LOOPBACK = True
    settings.CALLBACKS_NEED_HTTPS = False
    world, caller = make_caller()
    with tenant_transaction(world.company.id):
        agent = Agent.objects.get(name="caller")
    connect_model(world, agent, service.url)
    with running_web() as web:
        yield Gateway(world, caller.key, service, web)
