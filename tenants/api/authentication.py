"""Agents authenticate with a bearer key; the tenant comes from the key and from nowhere else."""

from rest_framework.authentication import BaseAuthentication


class CredentialAuthentication(BaseAuthentication):
    """Reads what the credential middleware found. See `tenants/services/credentials.py`."""
