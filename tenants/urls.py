"""Addresses of this floor."""

from django.urls import URLPattern, URLResolver, include, path

from tenants.views import (
    absences,
    agents,
    autonomy,
    budgets,
    erasure,
    groups,
    home,
    integration_reach,
    integrations,
    invitations,
    keys,
    kill,
    leaks,
    people,
    settings,
    tokens,
    trust,
    vault,
)

_PEOPLE = [
    path("", people.people, name="people"),
    path("invite", people.invite, name="person_invite"),
    path("invitations/<str:invitation>/resend", people.resend, name="invitation_resend"),
    path("invitations/<str:invitation>/revoke", people.revoke, name="invitation_revoke"),
    path("<str:member>/", people.person, name="person"),
    path("<str:member>/roles", people.roles, name="person_roles"),
    path("<str:member>/manager", people.manager, name="person_manager"),
    path("<str:member>/suspend", people.suspend, name="person_suspend"),
    path("<str:member>/resume", people.resume, name="person_resume"),
    path("<str:member>/erase", erasure.erase, name="person_erase"),
]
_GROUPS = [
    path("", groups.group_list, name="group_list"),
    path("new", groups.create, name="group_create"),
    path("<str:group>/", groups.group, name="group_detail"),
    path("<str:group>/add", groups.add, name="group_add"),
    path("<str:group>/remove/<str:member>", groups.remove, name="group_remove"),
]
_ABSENCES = [
    path("", absences.absences, name="absences"),
    path("new", absences.absence_new, name="absence_new"),
    path("calendar", absences.absence_calendar, name="absence_calendar"),
    path("<str:absence>/", absences.absence_detail, name="absence_detail"),
    path("<str:absence>/cancel", absences.absence_cancel, name="absence_cancel"),
]
_AGENTS = [
    path("", agents.agent_list, name="agent_list"),
    path("new", agents.register, name="agent_register"),
    path("<str:agent>/", agents.agent, name="agent_detail"),
    path("<str:agent>/change", agents.change, name="agent_change"),
    path("<str:agent>/pause", agents.pause, name="agent_pause"),
    path("<str:agent>/resume", agents.resume, name="agent_resume"),
    path("<str:agent>/retire", agents.retire, name="agent_retire"),
    path("<str:agent>/autonomy", autonomy.agent_autonomy, name="agent_autonomy"),
    path("<str:agent>/trust/raise", trust.agent_raise, name="agent_trust_raise"),
    path("<str:agent>/trust/lower", trust.agent_lower, name="agent_trust_lower"),
    path("<str:agent>/keys", keys.issue, name="key_issue"),
    path("<str:agent>/keys/<str:key>/", keys.key, name="key_detail"),
    path("<str:agent>/keys/<str:key>/rotate", keys.rotate, name="key_rotate"),
    path("<str:agent>/keys/<str:key>/revoke", keys.revoke, name="key_revoke"),
    path("<str:agent>/keys/<str:key>/leak", leaks.leak, name="key_leak"),
]
_INTEGRATIONS = [
    path("", integrations.integration_list, name="integration_list"),
    path("vault", vault.vault, name="vault"),
    path("new", integrations.register, name="integration_register"),
    path("<str:integration>/", integrations.integration, name="integration_detail"),
    path("<str:integration>/change", integrations.change, name="integration_change"),
    path("<str:integration>/check", integrations.check, name="integration_check"),
    path("<str:integration>/activate", integrations.activate, name="integration_activate"),
    path("<str:integration>/suspend", integrations.suspend, name="integration_suspend"),
    path("<str:integration>/resume", integrations.resume, name="integration_resume"),
    path("<str:integration>/revoke", integrations.revoke, name="integration_revoke"),
    path("<str:integration>/grants", integration_reach.grant, name="integration_grant"),
    path(
        "<str:integration>/grants/<str:grant>/withdraw",
        integration_reach.withdraw,
        name="integration_withdraw",
    ),
    path("<str:integration>/secret", integration_reach.secret, name="integration_secret"),
    path(
        "<str:integration>/secret/revoke",
        integration_reach.secret_revoke,
        name="integration_secret_revoke",
    ),
]
_BUDGETS = [
    path("", budgets.budget_list, name="budget_list"),
    path("new", budgets.budget_new, name="budget_new"),
    path("costs", budgets.costs, name="budget_costs"),
    path("costs.csv", budgets.costs_csv, name="budget_costs_csv"),
    path("limits", budgets.limits, name="budget_limits"),
    path("limits/agent", budgets.agent_limit, name="budget_agent_limit"),
    path("<str:budget>/", budgets.budget_detail, name="budget_detail"),
    path("<str:budget>/answer", budgets.budget_answer, name="budget_answer"),
]
_AUTONOMY = [
    path("", autonomy.levels, name="autonomy"),
    path("environments", autonomy.environments, name="environments"),
    path("trust", trust.standards, name="trust"),
    path("trust/change", trust.standards_change, name="trust_change"),
    path("changes/<str:change>/confirm", autonomy.confirm, name="loosening_confirm"),
    path("changes/<str:change>/withdraw", autonomy.withdraw, name="loosening_withdraw"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("invitations/<str:token>/", invitations.invitation, name="invitation"),
    path("t/<slug:slug>/people/", include(_PEOPLE)),
    path("t/<slug:slug>/groups/", include(_GROUPS)),
    path("t/<slug:slug>/absences/", include(_ABSENCES)),
    path("t/<slug:slug>/agents/", include(_AGENTS)),
    path("t/<slug:slug>/kill-switch/", kill.kill_switch, name="kill_switch"),
    path("t/<slug:slug>/kill-switch/stop", kill.kill_switch_stop, name="kill_switch_stop"),
    path(
        "t/<slug:slug>/kill-switch/<str:switch>/",
        kill.kill_switch_detail,
        name="kill_switch_detail",
    ),
    path(
        "t/<slug:slug>/kill-switch/<str:switch>/resume",
        kill.kill_switch_resume,
        name="kill_switch_resume",
    ),
    path("t/<slug:slug>/integrations/", include(_INTEGRATIONS)),
    path("t/<slug:slug>/budgets/", include(_BUDGETS)),
    path("t/<slug:slug>/autonomy/", include(_AUTONOMY)),
    path("t/<slug:slug>/tokens/", tokens.tokens, name="tokens"),
    path("t/<slug:slug>/tokens/<str:token>/revoke", tokens.token_revoke, name="token_revoke"),
    path("t/<slug:slug>/settings/", settings.settings, name="tenant_settings"),
    path("t/<slug:slug>/settings/contest", settings.contest, name="tenant_contest"),
    path("t/<slug:slug>/settings/retention", settings.retention, name="tenant_retention"),
    path("t/<slug:slug>/settings/retention/daily", settings.daily, name="tenant_retention_daily"),
    path("t/<slug:slug>/settings/retention/lock", settings.lock, name="tenant_retention_lock"),
]
