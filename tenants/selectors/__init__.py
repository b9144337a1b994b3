"""What this floor can be asked. Every function needs a bound tenant and an open transaction."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    Max,
    Model,
    Prefetch,
    Q,
    QuerySet,
    Value,
    When,
)

from govapp.common import clock
from govapp.common.clock import Now
from govapp.common.errors import Conflict, NotFound
from govapp.common.ids import InvalidId, parse_public_id
from govapp.common.tenancy import require_tenant_id, tenant_transaction
from tenants.doors import invitation_by_token
from tenants.enums import AgentStatus, MemberStatus, Role
from tenants.models import (
    Agent,
    ApproverGroup,
    Credential,
    GroupMember,
    Invitation,
    KeyRefusal,
    Membership,
    MemberToken,
    Tenant,
    User,
)
from tenants.principals import MemberPrincipal
from tenants.selectors.absences import note_standing_in
from tenants.selectors.kill import note_thrown
from tenants.tokens import token_hash

_WORD = CharField()
EXPIRES_SOON = timedelta(days=14)
_MOMENT = "read_at"
Row = TypeVar("Row", bound=Model)


def members() -> QuerySet[Membership]:
    """Return every membership with its person, by name."""
    return Membership.objects.select_related("user").order_by("user__name", "id")


def active_members() -> QuerySet[Membership]:
    """Return the members who may act now, by name."""
    return members().filter(status=MemberStatus.ACTIVE, user__is_active=True)


def is_officer() -> Q:
    """Return which members answer for the account: owners and compliance."""
    return Q(roles__overlap=[Role.OWNER, Role.COMPLIANCE])


def active_member(user_id: UUID) -> Membership | None:
    """Return the membership of this person if it is active, with the person and the moment.

    And with whether anything is stopped by a kill switch, for the strip of every page.
    """
    mine = active_members().filter(user_id=user_id).annotate(**{_MOMENT: Now()})
    return note_thrown(note_standing_in(mine)).first()


def moment_read(member: Membership) -> datetime:
    """Return when `active_member` read this membership, by the database's clock."""
    moment: datetime = vars(member)[_MOMENT]
    return moment


def zone_of_tenant() -> str:
    """Return the time zone of the bound tenant."""
    zones = Tenant.objects.filter(pk=require_tenant_id()).values_list("time_zone", flat=True)
    return zones.first() or "UTC"


def member_of_caller(caller: object) -> Membership | None:
    """Return the member whose token calls, if they may act now; None for an agent."""
    if not isinstance(caller, MemberPrincipal):
        return None
    return active_members().filter(pk=caller.member_id).first()


def authenticator_app(user: User) -> Authenticator | None:
    """Return the app whose one-time codes this person can be asked for, if it is set up."""
    apps = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP)
    found: Authenticator | None = apps.first()
    return found


def factors_of(user: User) -> frozenset[str]:
    """Return which second factors the person can be asked for: "totp", "webauthn". One statement.

    Recovery codes are for the login only.
    """
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    found = Authenticator.objects.filter(user=user, type__in=kinds)
    return frozenset(found.values_list("type", flat=True))


def members_with_role(role: Role) -> QuerySet[Membership]:
    """Return the active members who hold this role, by name."""
    return active_members().filter(roles__contains=[role.value])


def groups() -> QuerySet[ApproverGroup]:
    """Return every group by name, with its rows' members and people prefetched."""
    rows = GroupMember.objects.select_related("membership__user").order_by("user__name", "id")
    return ApproverGroup.objects.prefetch_related(Prefetch("members", queryset=rows)).order_by(
        "name", "id"
    )


def groups_by_member() -> dict[UUID, list[ApproverGroup]]:
    """Return each member's groups by name, by membership id. One statement."""
    found: dict[UUID, list[ApproverGroup]] = defaultdict(list)
    rows = GroupMember.objects.select_related("approver_group")
    for row in rows.order_by("approver_group__name", "id"):
        found[row.membership_id].append(row.approver_group)
    return dict(found)


def agents() -> QuerySet[Agent]:
    """Return every agent by name, with its owner, `live_keys` and `last_used_at`."""
    live = Q(credentials__revoked_at=None, credentials__expires_at__gt=Now())
    return (
        Agent.objects.select_related("owner__user")
        .annotate(
            live_keys=Count("credentials", filter=live),
            last_used_at=Max("credentials__last_used_at"),
        )
        .order_by("name", "id")
    )


def active_agent(agent_id: UUID) -> Agent | None:
    """Return the agent with its owner if it may act now."""
    return (
        Agent.objects.select_related("owner__user")
        .filter(pk=agent_id, status=AgentStatus.ACTIVE)
        .first()
    )


def credentials_of(agent: Agent) -> QuerySet[Credential]:
    """Return the agent's keys, newest first, with `state`, `expires_soon` and who issued them."""
    state = Case(
        When(revoked_at__isnull=False, then=Value("revoked")),
        When(expires_at__lte=Now(), then=Value("expired")),
        default=Value("live"),
        output_field=_WORD,
    )
    return (
        Credential.objects.filter(agent=agent)
        .select_related("agent", "created_by__user")
        .annotate(
            state=state,
            expires_soon=Case(
                When(expires_at__lt=Now() + Value(EXPIRES_SOON), then=Value(True)),
                default=Value(False),
                output_field=BooleanField(),
            ),
        )
        .order_by("-created_at", "-id")
    )


def refusals_of(credential: Credential) -> QuerySet[KeyRefusal]:
    """Return why requests with this key were refused, and how often, newest first."""
    return credential.refusals.order_by("-last_at", "code", "scope")


def tokens_of(member: Membership) -> QuerySet[MemberToken]:
    """Return the member's tokens, newest first, with `state`."""
    state = Case(
        When(revoked_at__isnull=False, then=Value("revoked")),
        When(expires_at__lte=Now(), then=Value("expired")),
        default=Value("live"),
        output_field=_WORD,
    )
    return (
        MemberToken.objects.filter(member=member)
        .select_related("member__user")
        .annotate(state=state)
        .order_by("-created_at", "-id")
    )


def open_invitations() -> QuerySet[Invitation]:
    """Return the invitations that nobody answered or withdrew, newest first, with `state`."""
    state = Case(
        When(expires_at__lte=Now(), then=Value("expired")),
        default=Value("invited"),
        output_field=_WORD,
    )
    return (
        Invitation.objects.filter(accepted_at=None, revoked_at=None)
        .select_related("invited_by__user")
        .annotate(state=state)
        .order_by("-created_at", "-id")
    )


@dataclass(frozen=True)
class OpenedInvitation:
    """What the holder of an invitation's link may see."""

    tenant_name: str
    invited_by: str
    email: str
    name: str
    roles: list[str]
    expires_at: datetime
    has_login: bool


def opened_invitation(token: str) -> OpenedInvitation:
    """Return what a link opens; binds the tenant by itself.

    Raises `NotFound` for an unknown token, `Conflict` when it does not work any more.
    """
    found = invitation_by_token.call(token_hash(token))
    if not found:
        raise NotFound("There is no such invitation.")
    with tenant_transaction(found[0]["tenant_id"]):
        invitation = open_invitations().filter(pk=found[0]["invitation_id"]).first()
        if invitation is None:
            raise Conflict("This invitation was answered or withdrawn.", code="closed")
        if invitation.expires_at <= clock.now():
            raise Conflict("This invitation has expired. Ask for a new one.", code="expired")
        return OpenedInvitation(
            tenant_name=Tenant.objects.get().name,
            invited_by=invitation.invited_by.user.name,
            email=invitation.email,
            name=invitation.name,
            roles=[Role(role).label for role in invitation.roles],
            expires_at=invitation.expires_at,
            has_login=User.objects.filter(email=invitation.email).exists(),
        )


def get_member(public_id: str) -> Membership:
    """Return the member with this public id, with the manager; raise `NotFound`."""
    return _get(members().select_related("manager__user"), "mem", public_id)


def member_named(public_id: str) -> Membership | None:
    """Return the member with this public id, None for no id; raise `NotFound`."""
    return get_member(public_id) if public_id else None


def get_group(slug: str) -> ApproverGroup:
    """Return the group with this slug; raise `NotFound`."""
    found = groups().filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no such group here.")
    return found


def get_agent(public_id: str) -> Agent:
    """Return the agent with this public id; raise `NotFound`."""
    return _get(agents(), "ag", public_id)


def get_credential(agent: Agent, public_id: str) -> Credential:
    """Return this agent's key with this public id; raise `NotFound`."""
    return _get(credentials_of(agent), "key", public_id)


def get_token(member: Membership, public_id: str) -> MemberToken:
    """Return this member's token with this public id; raise `NotFound`."""
    return _get(tokens_of(member), "tok", public_id)


def get_open_invitation(public_id: str) -> Invitation:
    """Return the unanswered invitation with this public id; raise `NotFound`."""
    return _get(open_invitations(), "inv", public_id)


def _get(rows: QuerySet[Row], prefix: str, public_id: str) -> Row:
    try:
        ident = parse_public_id(prefix, public_id)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    found = rows.filter(pk=ident).first()
    if found is None:
        raise NotFound("There is no such thing here.")
    return found
