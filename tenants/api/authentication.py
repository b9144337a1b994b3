"""Agents and members authenticate with a bearer key, which alone names the tenant."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from govapp.common.errors import DomainError
from tenants.principals import Principal


class CredentialAuthentication(BaseAuthentication):
    """Reads what the credential middleware found. See `tenants/services/credentials.py`."""

    def authenticate(self, request: Request) -> tuple[Principal, None] | None:
        principal = getattr(request, "principal", None)
        if principal is not None:
            return principal, None
        refusal: DomainError | None = getattr(request, "refusal", None)
        if refusal is not None:
            raise refusal
        if "Authorization" in request.headers:
            raise AuthenticationFailed
        return None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="govapp"'
