"""Addresses of this floor."""

from django.urls import URLPattern, URLResolver, include, path

from approvals.views import (
    break_glass,
    callbacks,
    categories,
    chat_settings,
    contact,
    delegations,
    discussion,
    exercises,
    guardrails,
    message_templates,
    models,
    policy,
    policy_changes,
    policy_drafts,
    policy_editor,
    policy_templates,
    policy_try,
    policy_who,
    push,
    request_changes,
    requests,
    reviews,
    rollback,
    runs,
    simulations,
    slack,
)
from approvals.views.findings import findings
from approvals.views.inbox import inbox
from approvals.views.inbox_bulk import inbox_bulk
from approvals.views.insights import insights
from approvals.views.links import review_link
from approvals.views.live import live
from approvals.views.request_list import request_list
from approvals.views.saved_filters import filter_remove, filter_save

_REQUESTS = [
    path("", request_list, name="request_list"),
    path("<str:ident>/", requests.request_detail, name="request_detail"),
    path("<str:ident>/vote", requests.request_vote, name="request_vote"),
    path("<str:ident>/cancel", requests.request_cancel, name="request_cancel"),
    path("<str:ident>/comments", discussion.request_comment, name="request_comment"),
    path("<str:ident>/reveal", discussion.request_reveal, name="request_reveal"),
    path("<str:ident>/withdraw", requests.request_withdraw, name="request_withdraw"),
    path("<str:ident>/break-glass", break_glass.request_break_glass, name="request_break_glass"),
    path("<str:ident>/undo", rollback.request_undo_page, name="request_undo"),
    path("<str:ident>/passkey", break_glass.request_passkey, name="request_passkey"),
    path("<str:ident>/change", request_changes.request_change, name="request_change"),
    path("<str:ident>/take-back", request_changes.request_take_back, name="request_take_back"),
]
_MODELS = [
    path("", models.models, name="models"),
    path("prices/<str:price>/remove", models.price_remove, name="price_remove"),
]
_REVIEWS = [
    path("", reviews.review_list, name="review_list"),
    path("<str:ident>/", reviews.review_detail, name="review_detail"),
]
_SIMULATIONS: list[URLPattern | URLResolver] = [
    path("", simulations.simulation_list, name="simulation_list"),
    path("<str:ident>/", simulations.simulation_detail, name="simulation_detail"),
    path("<str:ident>/status", simulations.simulation_status, name="simulation_status"),
    path("<str:ident>/cancel", simulations.simulation_cancel, name="simulation_cancel"),
    path("<str:ident>/download", simulations.simulation_download, name="simulation_download"),
]
_DRAFTS: list[URLPattern | URLResolver] = [
    path("new", policy_drafts.policy_draft_new, name="policy_draft_new"),
    path("<str:ident>/", policy_editor.policy_draft, name="policy_draft"),
    path("<str:ident>/preview", policy_editor.policy_draft_preview, name="policy_draft_preview"),
    path("<str:ident>/replay", policy_editor.policy_draft_replay, name="policy_draft_replay"),
    path("<str:ident>/review", policy_drafts.policy_draft_review, name="policy_draft_review"),
    path("<str:ident>/discard", policy_drafts.policy_draft_discard, name="policy_draft_discard"),
]
_POLICY: list[URLPattern | URLResolver] = [
    path("", policy.policy, name="policy"),
    path("language", policy_drafts.policy_language, name="policy_language"),
    path("drafts/", include(_DRAFTS)),
    path("try/", policy_try.policy_try, name="policy_try"),
    path("who/", policy_who.policy_who, name="policy_who"),
    path("simulations/", include(_SIMULATIONS)),
    path("templates/", policy_templates.template_list, name="policy_template_list"),
    path("templates/<str:key>/", policy_templates.template_fill, name="policy_template"),
    path("compare", policy_changes.policy_compare, name="policy_compare"),
    path("<str:ident>/", policy.policy_version, name="policy_version"),
    path("<str:ident>/publish", policy.policy_publish, name="policy_publish"),
    path("<str:ident>/reject", policy_changes.policy_reject, name="policy_reject"),
    path("<str:ident>/withdraw", policy_changes.policy_withdraw, name="policy_withdraw"),
    path("<str:ident>/roll-back", policy_changes.policy_roll_back, name="policy_roll_back"),
    path("<str:ident>/renew", policy_changes.policy_renew, name="policy_renew"),
    path("<str:ident>/shadow", policy_changes.policy_shadow, name="policy_shadow"),
    path(
        "<str:ident>/shadow/switch",
        policy_changes.policy_shadow_switch,
        name="policy_shadow_switch",
    ),
]
_CATEGORIES = [
    path("", categories.category_list, name="category_list"),
    path("new", categories.category_create, name="category_create"),
    path("<str:ident>/", categories.category_detail, name="category_detail"),
    path("<str:ident>/change", categories.category_change, name="category_change"),
    path("<str:ident>/archive", categories.category_archive, name="category_archive"),
    path("<str:ident>/give", categories.right_give, name="right_give"),
    path("<str:ident>/take", categories.right_take, name="right_take"),
]
_DRILLS = [
    path("", exercises.drill_list, name="drill_list"),
    path("new", exercises.drill_new, name="drill_new"),
    path("canaries/new", exercises.canary_new, name="canary_new"),
    path("canaries/<str:ident>/switch", exercises.canary_switch, name="canary_switch"),
    path("<str:ident>/", exercises.drill_detail, name="drill_detail"),
]
_DELEGATIONS = [
    path("", delegations.delegation_list, name="delegation_list"),
    path("<str:ident>/", delegations.delegation_detail, name="delegation_detail"),
    path("<str:ident>/revoke", delegations.delegation_revoke, name="delegation_revoke"),
]
_GUARDRAILS = [
    path("", guardrails.guardrails, name="guardrails"),
    path("try", guardrails.guardrails_try, name="guardrails_try"),
    path("draft", guardrails.guardrails_draft, name="guardrails_draft"),
    path("draft/text", guardrails.guardrails_text, name="guardrails_text"),
    path("draft/publish", guardrails.guardrails_publish, name="guardrails_publish"),
    path("draft/discard", guardrails.guardrails_discard, name="guardrails_discard"),
    path("versions/<str:ident>/", guardrails.guardrails_version, name="guardrails_version"),
]
_RUNS = [
    path("", runs.run_list, name="run_list"),
    path("<str:ident>/", runs.run_detail, name="run_detail"),
]
_CALLBACKS = [
    path("", callbacks.callback_list, name="callback_list"),
    path("new", callbacks.callback_create, name="callback_create"),
    path("<str:ident>/", callbacks.callback_detail, name="callback_detail"),
    path("<str:ident>/change", callbacks.callback_change, name="callback_change"),
    path("<str:ident>/rotate", callbacks.callback_rotate, name="callback_rotate"),
    path("<str:ident>/switch", callbacks.callback_switch, name="callback_switch"),
    path(
        "<str:ident>/deliveries/<str:delivery>/replay",
        callbacks.delivery_replay,
        name="delivery_replay",
    ),
]
_MESSAGES = [
    path("", message_templates.template_list, name="message_template_list"),
    path("sent/", message_templates.message_list, name="message_list"),
    path("<str:kind>/", message_templates.template_edit, name="message_template"),
    path("<str:kind>/preview", message_templates.template_preview, name="message_template_preview"),
]
_CHAT = [
    path("", chat_settings.chat_settings, name="chat_settings"),
    path("accounts/new", chat_settings.account_enter, name="chat_account_enter"),
    path("accounts/find", chat_settings.accounts_find, name="chat_accounts_find"),
    path("accounts/<str:account>/remove", chat_settings.account_remove, name="chat_account_remove"),
    path("<str:channel>/", chat_settings.chat_connect, name="chat_connect"),
    path("<str:channel>/switch", chat_settings.chat_switch, name="chat_switch"),
    path("<str:channel>/remove", chat_settings.chat_remove, name="chat_remove"),
    path("<str:channel>/test", chat_settings.chat_test, name="chat_test"),
]
_DEVICES = [
    path("", push.devices, name="devices"),
    path("add", push.device_add, name="device_add"),
    path("test", push.device_test, name="device_test"),
    path("confirm/<str:account>", push.account_confirm, name="chat_account_confirm"),
    path("leave/<str:account>", push.account_leave, name="chat_account_leave"),
    path("<str:device>/remove", push.device_remove, name="device_remove"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("l/<str:token>", review_link, name="review_link"),
    path("l/<str:token>/", review_link),
    path("stop/<str:token>", contact.stop_messages, name="stop_messages"),
    path("t/<slug:slug>/me/notifications", contact.my_notifications, name="my_notifications"),
    path("t/<slug:slug>/settings/messages/", include(_MESSAGES)),
    path("t/<slug:slug>/inbox/", inbox, name="inbox"),
    path("t/<slug:slug>/inbox/decide", inbox_bulk, name="inbox_bulk"),
    path("t/<slug:slug>/inbox/filters", filter_save, name="filter_save"),
    path("t/<slug:slug>/inbox/filters/<str:ident>/remove", filter_remove, name="filter_remove"),
    path("t/<slug:slug>/requests/", include(_REQUESTS)),
    path("t/<slug:slug>/reviews/", include(_REVIEWS)),
    path("t/<slug:slug>/runs/", include(_RUNS)),
    path("t/<slug:slug>/policy/", include(_POLICY)),
    path("t/<slug:slug>/categories/", include(_CATEGORIES)),
    path("t/<slug:slug>/delegations/", include(_DELEGATIONS)),
    path("t/<slug:slug>/guardrails/", include(_GUARDRAILS)),
    path("t/<slug:slug>/models/", include(_MODELS)),
    path("t/<slug:slug>/settings/callbacks/", include(_CALLBACKS)),
    path("t/<slug:slug>/drills/", include(_DRILLS)),
    path("t/<slug:slug>/health/", findings, name="findings"),
    path("t/<slug:slug>/insights/", insights, name="insights"),
    path("t/<slug:slug>/settings/chat/", include(_CHAT)),
    path("t/<slug:slug>/me/devices/", include(_DEVICES)),
    path("integrations/slack/<str:ident>/interactions", slack.slack_interactions, name="slack"),
    path("sw.js", push.service_worker, name="service_worker"),
    path("t/<slug:slug>/live/", live, name="live"),
]
