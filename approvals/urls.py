"""Addresses of this floor."""

from django.urls import URLPattern, URLResolver, include, path

from approvals.views import callbacks, categories, policy, policy_templates, requests
from approvals.views.inbox import inbox
from approvals.views.links import review_link
from approvals.views.live import live
from approvals.views.request_list import request_list

_REQUESTS = [
    path("", request_list, name="request_list"),
    path("<str:ident>/", requests.request_detail, name="request_detail"),
    path("<str:ident>/vote", requests.request_vote, name="request_vote"),
    path("<str:ident>/cancel", requests.request_cancel, name="request_cancel"),
    path("<str:ident>/withdraw", requests.request_withdraw, name="request_withdraw"),
]
_POLICY = [
    path("", policy.policy, name="policy"),
    path("edit", policy.policy_edit, name="policy_edit"),
    path("templates/", policy_templates.template_list, name="policy_template_list"),
    path("templates/<str:key>/", policy_templates.template_fill, name="policy_template"),
    path("<str:ident>/", policy.policy_version, name="policy_version"),
    path("<str:ident>/publish", policy.policy_publish, name="policy_publish"),
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

urlpatterns: list[URLPattern | URLResolver] = [
    path("l/<str:token>", review_link, name="review_link"),
    path("l/<str:token>/", review_link),
    path("t/<slug:slug>/inbox/", inbox, name="inbox"),
    path("t/<slug:slug>/requests/", include(_REQUESTS)),
    path("t/<slug:slug>/policy/", include(_POLICY)),
    path("t/<slug:slug>/categories/", include(_CATEGORIES)),
    path("t/<slug:slug>/settings/callbacks/", include(_CALLBACKS)),
    path("t/<slug:slug>/live/", live, name="live"),
]
