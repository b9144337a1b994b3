"""`/api/v1/vault/key`: for programs of members, how the key of the vault stands; replacing it."""

from datetime import datetime
from typing import Annotated

import msgspec
from drf_spectacular.utils import extend_schema
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from govapp.common.api.bodies import RequestBody, parse_body
from govapp.common.api.openapi import EVERYWHERE, WITH_BODY, problems
from govapp.common.api.views import refuse_unknown_parameters
from tenants import rules
from tenants.api.views import MemberAPIView
from tenants.selectors.vault import VaultState, vault_state
from tenants.services.vault_rotation import rotate_data_key


class VaultKeyRotation(RequestBody, frozen=True):
    """Why the key is replaced; it is kept in the record."""

    reason: Annotated[str, Meta(min_length=1, max_length=300, pattern=r"\S")]


class VaultKeyVersion(msgspec.Struct):
    """One version of the key. Never the key."""

    version: int
    created_at: datetime
    replaced_at: datetime | None
    destroyed_at: datetime | None
    secrets: int


class VaultKeyAnswer(msgspec.Struct):
    """The versions, the newest first, and how many secrets are still to be sealed anew."""

    versions: list[VaultKeyVersion]
    waiting: int
    is_settled: bool


class VaultKeyView(MemberAPIView):
    """`/api/v1/vault/key`."""

    @extend_schema(
        operation_id="vault_key_read",
        tags=["vault"],
        summary="Read how the key of the vault stands",
        responses={200: VaultKeyAnswer, **problems(*EVERYWHERE, 403)},
    )
    def get(self, request: Request) -> Response:
        """Return the versions of the account's key and how many secrets are under each."""
        refuse_unknown_parameters(request.query_params, ())
        rules.require(
            rules.may_read_integrations(self.member),
            "Owners, compliance and auditors ask this.",
        )
        return Response(_answer(vault_state()))


class VaultKeyRotate(MemberAPIView):
    """`/api/v1/vault/key/rotate`."""

    @extend_schema(
        operation_id="vault_key_rotate",
        tags=["vault"],
        summary="Replace the key of the vault",
        request=VaultKeyRotation,
        responses={201: VaultKeyAnswer, **problems(*WITH_BODY, 409)},
    )
    def post(self, request: Request) -> Response:
        """Seal under a new key from now on; what there is is sealed anew in the background.

        By an owner. Nothing is interrupted. 409 while the former key is still in use.
        """
        refuse_unknown_parameters(request.query_params, ())
        body = parse_body(request.data, VaultKeyRotation)
        rotate_data_key(actor=self.member, reason=body.reason)
        return Response(_answer(vault_state()), status=201)


def _answer(state: VaultState) -> VaultKeyAnswer:
    return VaultKeyAnswer(
        versions=[
            VaultKeyVersion(
                each.version, each.created_at, each.replaced_at, each.destroyed_at, each.secrets
            )
            for each in state.versions
        ],
        waiting=state.waiting,
        is_settled=state.is_settled,
    )
