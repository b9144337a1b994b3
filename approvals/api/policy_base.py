"""What the policies' views share: a member's call, public ids, and a document from a body."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from approvals.api.policy_bodies import PolicyText
from approvals.policies import PolicyInvalid, Problem, dump_policy, parse_policy
from approvals.policies.editing import edit_source
from govapp.common.api.bodies import parse_body
from govapp.common.api.converters import PublicIdConverter
from govapp.common.api.parsers import StrictJSONParser, YamlTextParser
from govapp.common.api.renderers import JSONRenderer, YamlSourceRenderer
from govapp.common.api.views import refuse_unknown_parameters
from govapp.common.errors import FieldError, Forbidden, Invalid
from govapp.common.ids import parse_public_id
from tenants.api.views import MemberAPIView
from tenants.models import Membership
from tenants.rules import may_edit_policy, may_read_policy, may_read_settings

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="The `ETag` of what you started from.",
)


class PolicyVersionIdConverter(PublicIdConverter):
    """`pv_…`."""

    prefix = "pv"


class PolicyDraftIdConverter(PublicIdConverter):
    """`pd_…`."""

    prefix = "pd"


class SimulationIdConverter(PublicIdConverter):
    """`sim_…`."""

    prefix = "sim"


class PolicyAPIView(MemberAPIView):
    """A view of the policies' API: it knows its parameters and refuses others."""

    known_parameters: ClassVar[tuple[str, ...]] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        refuse_unknown_parameters(request.query_params, self.known_parameters)
        if not may_read_policy(self.member):
            raise Forbidden("Only active members read policies.")


class DocumentAPIView(PolicyAPIView):
    """A view that also takes a policy as YAML text, and gives it as such on `Accept`."""

    parser_classes = (StrictJSONParser, YamlTextParser)
    renderer_classes = (JSONRenderer, YamlSourceRenderer)


def require_editor(member: Membership) -> None:
    """Raise `Forbidden` unless the member writes policies."""
    if not may_edit_policy(member):
        raise Forbidden("Only members with the role compliance write policies.")


def require_reader(member: Membership) -> None:
    """Raise `Forbidden` unless the member may look at who decides what."""
    if not may_read_settings(member):
        raise Forbidden("Owners, compliance and auditors ask this.")


def read_text(request: Request, *, former: str = "") -> PolicyText:
    """Return the body with its `source`; a JSON document is written into the `former` text.

    So comments, order and layout of what did not change are kept. Raises `Invalid` with every
    problem when a JSON document is no policy, and when not exactly one of both is there.
    """
    body = parse_body(request.data, PolicyText)
    if (body.source is None) == (body.document is None):
        raise Invalid("Send either source or document.", errors=[FieldError("/source", "One.")])
    if body.document is None:
        return body
    try:
        document = parse_policy(body.document).document
        source = edit_source(former, document) if former else dump_policy(parse_policy(document))
    except PolicyInvalid as invalid:
        raise refusal(invalid.problems) from invalid
    return PolicyText(source=source, title=body.title)


def refusal(problems: tuple[Problem, ...]) -> Invalid:
    """Return the error that lists every problem of a document sent as JSON."""
    errors = [FieldError(f"/document{each.pointer}", each.message) for each in problems]
    return Invalid("The policy is not valid.", code="invalid_policy", errors=errors)


def ident_of(prefix: str, text: str) -> UUID:
    """Return the id behind a public one whose form was checked already."""
    return parse_public_id(prefix, text)
