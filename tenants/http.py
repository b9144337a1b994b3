"""The request as our middleware leaves it."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest

from govapp.common.errors import DomainError
from tenants.models import Membership, Tenant, User
from tenants.principals import Principal


class PageRequest(HttpRequest):
    """A request to a page under `/t/<slug>/`: somebody who is an active member of the tenant."""

    user: User
    tenant: Tenant
    membership: Membership
    began_at: datetime  # by the database's clock, before anything that the page shows was read
    tenants_of_user: list[dict[str, Any]]  # rows of the door, by name


class ApiRequest(HttpRequest):
    """A request under `/api/`: the agent or member whose key was sent, if it was valid."""

    principal: Principal | None
    # Why a key that is right is refused all the same; only whoever has it is told.
    refusal: DomainError
