"""The agent's door: a key, on the next request, for `/api/` only."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpRequest, JsonResponse
from django.test import Client, override_settings
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from govapp.common.errors import Conflict, Forbidden, NotFound
from govapp.common.tenancy import bind_tenant, bound_tenant_id
from tenants.api.views import AgentAPIView
from tenants.http import PageRequest
from tenants.models import Agent, Credential, Membership
from tenants.scopes import Scope
from tenants.services.agents import pause_agent, resume_agent
from tenants.services.credentials import revoke_credential, rotate_credential
from tenants.services.tenants import suspend_tenant
from tests.conftest import MoveClock
from tests.people import Company, make_agent, make_company

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class WhoAmI(AgentAPIView):
    """Says who asks; renames the agent, and fails afterwards when asked to."""

    scopes = {"GET": Scope.READ, "POST": Scope.SUBMIT}

    def get(self, request: Request) -> Response:
        owner = self.agent.owner.user.name
        return Response({"agent": self.agent.name, "owner": owner, "sees": Agent.objects.count()})

    def post(self, request: Request) -> Response:
        Agent.objects.filter(pk=self.agent.pk).update(name="renamed")
        raise Conflict("Too late.")


def bound(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"tenant": str(bound_tenant_id()), "has": hasattr(request, "principal")})


def page(request: PageRequest, slug: str, what: str) -> JsonResponse:
    Membership.objects.update(roles=[])
    faults: dict[str, Exception] = {
        "forbidden": Forbidden("Not you."),
        "missing": NotFound("Not here."),
        "fault": ZeroDivisionError(),
    }
    if what in faults:
        raise faults[what]
    return JsonResponse({"tenant": request.tenant.slug, "who": request.membership.user.name})


urlpatterns = [
    path("api/v1/me", WhoAmI.as_view()),
    path("api/v1/bound", bound),
    path("bound", bound),
    path("t/<slug:slug>/page/<str:what>", page),
]


@pytest.fixture
def acme(db: None) -> Company:
    return make_company()


def me(key: str, method: str = "get") -> Any:
    return getattr(Client(), method)("/api/v1/me", headers={"Authorization": f"Bearer {key}"})


def test_an_agent_is_known_by_its_key(acme: Company) -> None:
    _, key = make_agent(acme)
    make_agent(make_company("globex"))
    answer = me(key)
    assert (answer.status_code, answer.json()) == (
        200,
        {"agent": "payer", "owner": "Olivia", "sees": 1},
    )


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer nonsense", "Basic dXNlcjpwYXNz", "Bearer \0", "é"],
)
def test_without_a_valid_key_nobody_is_known(acme: Company, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = Client().get("/api/v1/me", headers=headers)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="govapp"'
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:govapp:problem:unauthenticated"


def test_an_agent_of_a_suspended_account_is_told_why(acme: Company) -> None:
    _, key = make_agent(acme)
    suspend_tenant(operator="Ruth", slug="acme", reason="Unpaid.")
    answer = me(key)
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:govapp:problem:tenant_suspended"
    assert "This account is suspended" in answer.json()["detail"]
    # Where no key is asked for, it opens nothing and closes nothing.
    sent = {"Authorization": f"Bearer {key}"}
    assert Client().get("/api/v1/bound", headers=sent).json() == {"tenant": "None", "has": True}


def test_a_login_is_no_key(acme: Company) -> None:
    client = Client()
    client.force_login(acme.olivia.user)
    assert client.get("/api/v1/me").status_code == 401


def test_the_scheme_is_read_without_its_case(acme: Company) -> None:
    _, key = make_agent(acme)
    answer = Client().get("/api/v1/me", headers={"Authorization": f"bEARER  {key} "})
    assert answer.status_code == 200


def test_what_happens_to_a_key_holds_on_the_next_request(
    acme: Company, move_clock: MoveClock
) -> None:
    agent, key = make_agent(acme)
    olivia = acme.olivia
    codes = [me(key).status_code]
    with bind_tenant(acme.id):
        pause_agent(actor=olivia, agent=agent, reason="Odd.")
    codes.append(me(key).status_code)
    with bind_tenant(acme.id):
        resume_agent(actor=olivia, agent=agent)
        old = Credential.objects.get(agent=agent)
        successor, new_key = rotate_credential(
            actor=olivia, credential=old, overlap=timedelta(hours=1)
        )
    codes += [me(key).status_code, me(new_key).status_code]
    move_clock(timedelta(hours=2))
    codes += [me(key).status_code, me(new_key).status_code]
    with bind_tenant(acme.id):
        revoke_credential(actor=olivia, credential=successor)
    codes.append(me(new_key).status_code)
    assert codes == [200, 401, 200, 200, 401, 200, 401]


def test_an_error_undoes_the_request(acme: Company) -> None:
    agent, key = make_agent(acme)
    answer = me(key, "post")
    assert (answer.status_code, answer.json()["detail"]) == (409, "Too late.")
    with bind_tenant(acme.id):
        assert Agent.objects.get(pk=agent.pk).name == "payer"


def test_a_key_binds_its_tenant_for_the_api_only(acme: Company) -> None:
    _, key = make_agent(acme)
    headers = {"Authorization": f"Bearer {key}"}
    inside = Client().get("/api/v1/bound", headers=headers).json()
    outside = Client().get("/bound", headers=headers).json()
    assert inside == {"tenant": str(acme.id), "has": True}
    assert outside == {"tenant": "None", "has": False}
    assert bound_tenant_id() is None


def visit(acme: Company, what: str) -> Any:
    client = Client(raise_request_exception=False)
    client.force_login(acme.carl.user)
    return client.get(f"/t/acme/page/{what}")


def test_a_page_knows_tenant_and_member(acme: Company) -> None:
    assert visit(acme, "plain").json() == {"tenant": "acme", "who": "Carl"}


@pytest.mark.parametrize(
    ("what", "status", "word"),
    [
        ("forbidden", 403, "Not you."),
        ("missing", 404, "There is nothing here"),
        ("fault", 500, ""),
    ],
)
@override_settings(DEBUG=False)
def test_what_a_page_raises_undoes_it_and_is_a_page(
    acme: Company, what: str, status: int, word: str
) -> None:
    answer = visit(acme, what)
    assert answer.status_code == status
    assert word in answer.content.decode()
    with bind_tenant(acme.id):
        assert Membership.objects.get(pk=acme.carl.pk).roles == ["compliance"]


@pytest.mark.parametrize(
    "address", ["/t/", "/t/acme", "/t//page/plain", "/t/a%00b/page/plain", "/t/%C3%A9/page/plain"]
)
def test_an_address_without_a_tenant_is_404(acme: Company, address: str) -> None:
    client = Client()
    client.force_login(acme.carl.user)
    assert client.get(address).status_code == 404
