"""`POST /oauth/token`: an agent's key for a token of some minutes, narrower and never wider."""

from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from govapp.common.tenancy import tenant_transaction
from tenants.models import AccessToken, Agent, Credential
from tenants.scopes import ALL
from tenants.services.access_tokens import MOST_LIVE_TOKENS
from tenants.services.agents import change_agent, pause_agent
from tenants.services.credentials import issue_credential, revoke_credential
from tenants.services.key_limits import KeyLimits
from tenants.services.tenants import suspend_tenant
from tests.conftest import MoveClock
from tests.people import Company, make_agent, make_company
from tests.tenants.api.proofs import make_proof
from tests.tenants.ledger import events, summaries

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"
LIST = "/api/v1/action-requests"


@pytest.fixture(autouse=True)
def one_address_may_ask_often(settings: Any) -> None:
    """All these tests call from one address; what it may call is counted for all of them."""
    settings.ANONYMOUS_CALLS_PER_SECOND = settings.ANONYMOUS_CALLS_AT_ONCE = 10_000


@pytest.fixture
def acme(db: None) -> Company:
    return make_company()


@pytest.fixture
def payer(acme: Company) -> tuple[Agent, str]:
    return make_agent(acme)


def key_with(acme: Company, agent: Agent, **limits: Any) -> str:
    with tenant_transaction(acme.id):
        _, text = issue_credential(
            actor=acme.olivia,
            agent=agent,
            label="narrow",
            lifetime=timedelta(days=1),
            limits=KeyLimits(**limits),
        )
    return text


def basic(agent: Agent, key: str) -> dict[str, str]:
    encoded = b64encode(f"{agent.public_id}:{key}".encode()).decode()
    return {"Authorization": f"Basic {encoded}"}


def ask(body: str = "grant_type=client_credentials", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client().post("/oauth/token", data=body, content_type=FORM, headers=named)


def token_of(payer: tuple[Agent, str], scope: str = "", **headers: str) -> Any:
    body = "grant_type=client_credentials" + (f"&scope={scope}" if scope else "")
    return ask(body, **(basic(*payer) | headers))


def read(token: str, scheme: str = "Bearer", path: str = LIST, **headers: str) -> Any:
    return Client().get(path, headers={"Authorization": f"{scheme} {token}"} | headers)


def test_a_key_gets_a_token_for_fifteen_minutes(
    acme: Company, payer: tuple[Agent, str], move_clock: MoveClock
) -> None:
    answer = token_of(payer)
    body = answer.json()
    token = body.pop("access_token")
    assert (answer.status_code, body) == (
        200,
        {"token_type": "Bearer", "expires_in": 900, "scope": " ".join(ALL)},
    )
    assert answer["Cache-Control"] == "no-store"
    assert token.startswith("gov_at_")
    codes = [read(token).status_code]
    move_clock(timedelta(minutes=14))
    codes.append(read(token).status_code)
    move_clock(timedelta(minutes=15))
    codes.append(read(token).status_code)
    assert codes == [200, 200, 401]


def test_the_key_may_be_sent_in_the_body(acme: Company, payer: tuple[Agent, str]) -> None:
    agent, key = payer
    sent = f"grant_type=client_credentials&client_id={agent.public_id}&client_secret={key}"
    assert ask(sent).status_code == 200


def test_a_token_is_stored_as_a_hash_and_recorded_without_it(
    acme: Company, payer: tuple[Agent, str]
) -> None:
    token = token_of(payer, "read").json()["access_token"]
    with tenant_transaction(acme.id):
        row = AccessToken.objects.get()
        assert token.rpartition("_")[2] not in str(AccessToken.objects.values().get())
        (event,) = events("access_token.issued")
    assert event["data"]["token_prefix"] == row.prefix
    assert token.rpartition("_")[2] not in str(event)
    assert payer[1].rpartition("_")[2] not in str(event)
    assert bytes(row.secret_hash).hex() not in str(event)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ("", 400, "invalid_request"),
        ("grant_type=", 400, "invalid_request"),
        ("grant_type=password", 400, "unsupported_grant_type"),
        ("grant_type=client_credentials&grant_type=client_credentials", 400, "invalid_request"),
        ("grant_type=client_credentials&scope=admin", 400, "invalid_scope"),
        ("grant_type=client_credentials&scope=read%20%20submit", 400, "invalid_scope"),
        ("grant_type=client_credentials&scope=read%0Asubmit", 400, "invalid_scope"),
        ("grant_type=client_credentials&client_secret=x", 400, "invalid_request"),
        ("grant_type=client_credentials&client_id=ag_other", 401, "invalid_client"),
        ("grant_type=client_credentials&x=%FF", 400, "invalid_request"),
        ("&".join(f"a{n}=b" for n in range(21)), 400, "invalid_request"),
    ],
)
def test_what_cannot_be_answered_is_an_error_of_the_standard(
    acme: Company, payer: tuple[Agent, str], body: str, status: int, error: str
) -> None:
    answer = ask(body, **basic(*payer))
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !", "Basic bm9jb2xvbg==", "Bearer x", "Basic YTpi"]
)
def test_an_unknown_client_is_asked_for_a_key(acme: Company, header: str) -> None:
    answer = ask(Authorization=header)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer["WWW-Authenticate"] == 'Basic realm="govapp", charset="UTF-8"'


def test_a_key_of_one_agent_is_no_secret_of_another(
    acme: Company, payer: tuple[Agent, str]
) -> None:
    other, _ = make_agent(acme, "other")
    answer = ask(**basic(other, payer[1]))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_token_gets_no_token(acme: Company, payer: tuple[Agent, str]) -> None:
    agent, _ = payer
    token = token_of(payer).json()["access_token"]
    assert ask(**basic(agent, token)).json()["error"] == "invalid_client"


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_only_a_post_is_answered(db: None, method: str) -> None:
    answer = getattr(Client(), method)("/oauth/token")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_a_body_that_is_no_form_is_refused(acme: Company, payer: tuple[Agent, str]) -> None:
    answer = Client().post("/oauth/token", data="{}", content_type="application/json")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert ask("x=" + "y" * 9000, **basic(*payer)).status_code == 413


def test_a_token_is_narrower_and_never_wider(acme: Company, payer: tuple[Agent, str]) -> None:
    agent, _ = payer
    key = key_with(acme, agent, scopes=("read", "grant"))
    codes = {
        scope: token_of((agent, key), scope).status_code
        for scope in ("read", "grant", "read grant".replace(" ", "%20"), "submit", "read%20submit")
    }
    assert codes == {"read": 200, "grant": 200, "read%20grant": 200, "submit": 400,
                     "read%20submit": 400}  # fmt: skip
    token = token_of((agent, key), "grant").json()["access_token"]
    assert read(token).status_code == 403
    assert token_of((agent, key)).json()["scope"] == "read grant"


@pytest.mark.parametrize("how", ["revoked", "paused", "suspended"])
def test_a_token_ends_with_what_it_came_from(
    acme: Company, payer: tuple[Agent, str], how: str
) -> None:
    agent, _ = payer
    token = token_of(payer).json()["access_token"]
    assert read(token).status_code == 200
    with tenant_transaction(acme.id):
        if how == "revoked":
            revoke_credential(actor=acme.olivia, credential=Credential.objects.get())
        elif how == "paused":
            pause_agent(actor=acme.olivia, agent=agent, reason="Odd.")
    if how == "suspended":
        suspend_tenant(operator="Ruth", slug="acme", reason="Unpaid.")
    assert read(token).status_code == (403 if how == "suspended" else 401)
    again = token_of(payer)
    assert (again.status_code, again.json()["error"]) == (
        (400, "unauthorized_client") if how == "suspended" else (401, "invalid_client")
    )


def test_a_key_has_so_many_live_tokens_and_no_more(
    acme: Company, payer: tuple[Agent, str], move_clock: MoveClock
) -> None:
    codes = {token_of(payer, "read").status_code for _ in range(MOST_LIVE_TOKENS)}
    answer = token_of(payer, "read")
    assert (codes, answer.status_code) == ({200}, 429)
    assert 1 <= int(answer["Retry-After"]) <= 901
    move_clock(timedelta(minutes=15))
    assert token_of(payer, "read").status_code == 200
    with tenant_transaction(acme.id):
        assert AccessToken.objects.count() == 1


def test_a_token_never_outlives_its_key(
    acme: Company, payer: tuple[Agent, str], move_clock: MoveClock
) -> None:
    move_clock(timedelta(days=30) - timedelta(minutes=5))
    assert token_of(payer).json()["expires_in"] <= 300


def test_the_server_describes_itself(db: None) -> None:
    answer = Client().get("/.well-known/oauth-authorization-server")
    body = answer.json()
    assert body["token_endpoint"] == body["issuer"] + "/oauth/token"
    assert body["grant_types_supported"] == [
        "client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange",
    ]  # fmt: skip
    assert body["scopes_supported"] == list(ALL)
    assert body["dpop_signing_alg_values_supported"] == ["ES256", "EdDSA"]


# With a proof of possession


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
def test_a_token_that_was_asked_for_with_a_proof_needs_one_each_time(
    acme: Company, payer: tuple[Agent, str], alg: str
) -> None:
    answer = token_of(payer, DPoP=make_proof(path="/oauth/token", alg=alg))
    body = answer.json()
    assert (answer.status_code, body["token_type"]) == (200, "DPoP")
    token = body["access_token"]
    proof = make_proof(path=LIST, method="GET", token=token, alg=alg)
    assert read(token, "DPoP", DPoP=proof).status_code == 200
    replayed = read(token, "DPoP", DPoP=proof)
    assert replayed.status_code == 401
    assert replayed.json()["type"] == "urn:govapp:problem:dpop_proof_replayed"
    assert replayed["WWW-Authenticate"] == (
        'DPoP realm="govapp", error="invalid_dpop_proof", algs="ES256 EdDSA"'
    )
    bare = read(token)
    assert (bare.status_code, 'error="invalid_token"' in bare["WWW-Authenticate"]) == (401, True)
    assert read(token, "DPoP").status_code == 401
    other = "EdDSA" if alg == "ES256" else "ES256"
    stolen = make_proof(path=LIST, method="GET", token=token, alg=other)
    assert read(token, "DPoP", DPoP=stolen).json()["detail"] == (
        "The proof is of another key than the token."
    )


def test_a_proof_at_the_token_endpoint_works_once(acme: Company, payer: tuple[Agent, str]) -> None:
    proof = make_proof(path="/oauth/token")
    answers = [token_of(payer, DPoP=proof) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[1].json()["error"] == "invalid_dpop_proof"


@pytest.mark.parametrize("whose", ["key", "agent"])
def test_a_key_or_an_agent_may_demand_a_proof(
    acme: Company, payer: tuple[Agent, str], whose: str
) -> None:
    agent, key = payer
    if whose == "key":
        key = key_with(acme, agent, needs_proof=True)
    else:
        with tenant_transaction(acme.id):
            change_agent(actor=acme.olivia, agent=agent, needs_proof=True)
    bare = read(key)
    assert (bare.status_code, bare.json()["type"]) == (401, "urn:govapp:problem:proof_needed")
    refused = token_of((agent, key))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_dpop_proof")
    token = token_of((agent, key), DPoP=make_proof(path="/oauth/token")).json()["access_token"]
    proof = make_proof(path=LIST, method="GET", token=token)
    assert read(token, "DPoP", DPoP=proof).status_code == 200
    with tenant_transaction(acme.id):
        assert len(summaries("credential.use_refused")) == 1  # the second within the minute


def test_without_its_memory_no_proof_is_taken(
    acme: Company, payer: tuple[Agent, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        def set(self, *_: Any, **__: Any) -> None:
            raise OSError

    monkeypatch.setattr("tenants.dpop.valkey", Away)
    answer = token_of(payer, DPoP=make_proof(path="/oauth/token"))
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert answer["Retry-After"] == "10"
