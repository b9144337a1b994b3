"""What is done with planted secrets beside setting them: tokens are had, and keys are replaced."""

from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.test import override_settings

from govapp.common.sealing import unseal
from govapp.common.tenancy import tenant_transaction
from tenants.models import Integration, TenantKey
from tenants.services.integration_checks import check_integration
from tenants.services.integration_secrets import set_secret
from tenants.services.vault_rewrapping import rewrap_keys
from tenants.services.vault_rotation import renew_vault, rotate_data_key
from tests.isolation.asking import as_agent
from tests.isolation.lives import Life
from tests.support.token_endpoint import TokenEndpoint, running_token_endpoint
from tests.tenants.systems import active_system, give, pass_check

CLIENT, CLIENT_SECRET = "planted-client", "planted-client-secret-3b8e1d7fa5"
MINTED = "planted-minted-token-6d0c9e4b2f"


@dataclass(frozen=True)
class Minting:
    """All answers but the one that gave the token out, and the token that was given out."""

    answers: list[bytes]
    given: str


def mint_tokens(life: Life) -> Minting:
    """Have a client tried, refused by an endpoint that repeats it, and a token given out once."""
    with running_token_endpoint(clients={CLIENT: CLIENT_SECRET}, token=MINTED) as server:
        made = _minting_system(life, server)
        check_integration(tenant_id=life.company.id, integration_id=made.pk)
        token, asked = _permission(life)
        use = {"token": token, "redeemed_by": "bank"}
        server.instead = (400, f'{{"error": "{CLIENT_SECRET}"}}'.encode())
        refused = _post(life, "/api/v1/grants/redeem", use)
        server.instead = (200, f'{{"access_token": "{MINTED}"}}'.encode())
        endless = _post(life, "/api/v1/grants/redeem", use)
        server.instead, server.clients = None, {CLIENT: "another"}
        unknown = _post(life, "/api/v1/grants/redeem", use)
        server.clients = {CLIENT: CLIENT_SECRET}
        used = _post(life, "/api/v1/grants/redeem", use)
        again = _post(life, "/api/v1/grants/redeem", use)
    answers = [refused, endless, unknown, again]
    assert [each.status_code for each in answers] == [503, 503, 503, 409]
    credential = used.json()["credential"]
    assert (used.status_code, used["Cache-Control"], credential["kind"]) == (
        200, "no-store", "minted",
    )  # fmt: skip
    return Minting([asked, *(each.content for each in answers)], credential["value"])


def replace_keys(life: Life) -> dict[str, bytes]:
    """Replace the key of the vault, and the installation's and back; return all keys there were."""
    tenant_id = life.company.id
    former = _data_key(life)
    with tenant_transaction(tenant_id):
        rotate_data_key(actor=life.company.olivia, reason="Once a year.")
    assert renew_vault(tenant_id=tenant_id)
    new, others = Fernet.generate_key().decode(), list(settings.SEALING_KEYS)
    for keys in ([new, *others], [*others, new]):
        with override_settings(SEALING_KEYS=keys):
            rewrap_keys(operator="Ruth")
    return {
        "former data key": former,
        "data key": _data_key(life),
        "installation": others[0].encode(),
        "new installation": new.encode(),
    }


def _data_key(life: Life) -> bytes:
    with tenant_transaction(life.company.id):
        return unseal(bytes(TenantKey.objects.get(destroyed_at=None).key_sealed or b""))


def _minting_system(life: Life, server: TokenEndpoint) -> Integration:
    company = life.company
    with tenant_transaction(company.id):
        made = active_system(
            company, "planted-minter", kind="injected", address=server.url, token_url=server.url
        )
        give(company, life.agent, made)
        set_secret(actor=company.olivia, integration=made, secret=CLIENT_SECRET, client_id=CLIENT)
        return pass_check(made)


def _permission(life: Life) -> tuple[str, bytes]:
    body = {
        "category": "payments.transfer", "summary": "Send it", "payload": {"amount": "1.00"},
        "integration": "planted-minter",
    }  # fmt: skip
    asked = _post(life, "/api/v1/action-requests", body)
    assert (asked.status_code, asked.json()["status"]) == (201, "allowed"), asked.content
    grant = _post(life, f"/api/v1/action-requests/{asked.json()['id']}/grant", {})
    return grant.json()["token"], asked.content


def _post(life: Life, url: str, sent: dict[str, Any]) -> Any:
    headers = {"Idempotency-Key": "planted-minter"}
    return as_agent(life).post(url, sent, content_type="application/json", headers=headers)
