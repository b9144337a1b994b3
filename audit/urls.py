"""Addresses of this floor."""

from django.urls import URLPattern, URLResolver, path

from audit.api.events import EventsView
from audit.api.log import EntriesView, ReceiptView, TileView
from audit.api.views import CheckpointView, ConsistencyView, InclusionView
from audit.views import (
    anchors,
    directory,
    explaining,
    explorer,
    exports,
    keeping,
    packs,
    report_schedules,
    reports,
    streams,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("t/<slug:slug>/audit/", explorer.audit_log, name="audit_log"),
    path("t/<slug:slug>/audit/anchors/", anchors.audit_anchors, name="audit_anchors"),
    path("t/<slug:slug>/audit/retention/", keeping.audit_retention, name="audit_retention"),
    path(
        "t/<slug:slug>/audit/prunings/<str:pruning>/confirm",
        keeping.pruning_confirm,
        name="pruning_confirm",
    ),
    path(
        "t/<slug:slug>/audit/prunings/<str:pruning>/withdraw",
        keeping.pruning_withdraw,
        name="pruning_withdraw",
    ),
    path("t/<slug:slug>/audit/holds/", keeping.hold_list, name="hold_list"),
    path("t/<slug:slug>/audit/holds/<str:hold>/release", keeping.hold_release, name="hold_release"),
    path("t/<slug:slug>/audit/pack", packs.audit_pack, name="audit_pack"),
    path("t/<slug:slug>/audit/packs/new", packs.pack_new, name="pack_new"),
    path("t/<slug:slug>/audit/export", exports.export_create, name="audit_export"),
    path("t/<slug:slug>/audit/exports/", exports.export_list, name="export_list"),
    path(
        "t/<slug:slug>/audit/exports/<str:export>/download",
        exports.export_download,
        name="export_download",
    ),
    path(
        "t/<slug:slug>/audit/exports/<str:export>/cancel",
        exports.export_cancel,
        name="export_cancel",
    ),
    path("t/<slug:slug>/audit/streams/", streams.stream_list, name="stream_list"),
    path("t/<slug:slug>/audit/streams/new", streams.stream_create, name="stream_create"),
    path("t/<slug:slug>/audit/streams/<str:stream>/", streams.stream_detail, name="stream_detail"),
    *(
        path(f"t/<slug:slug>/audit/streams/<str:stream>/{word}", view, name=f"stream_{word}")
        for word, view in (
            ("change", streams.stream_change),
            ("rotate", streams.stream_rotate),
            ("switch", streams.stream_switch),
            ("test", streams.stream_test),
            ("replay", streams.stream_replay),
            ("remove", streams.stream_remove),
        )
    ),
    path("t/<slug:slug>/audit/searches", exports.search_keep, name="audit_search_keep"),
    path(
        "t/<slug:slug>/audit/searches/<str:search>/forget",
        exports.search_forget,
        name="audit_search_forget",
    ),
    path("t/<slug:slug>/audit/events/<str:event>/", explorer.audit_event, name="audit_event"),
    path(
        "t/<slug:slug>/audit/events/<str:event>/proof",
        explorer.audit_event_proof,
        name="audit_event_proof",
    ),
    path(
        "t/<slug:slug>/audit/requests/<str:request_name>/",
        explaining.audit_request,
        name="audit_request",
    ),
    path(
        "t/<slug:slug>/audit/requests/<str:request_name>/file",
        explaining.audit_request_file,
        name="audit_request_file",
    ),
    path("t/<slug:slug>/reports/", reports.report_list, name="report_list"),
    path(
        "t/<slug:slug>/reports/<str:report>/download",
        reports.report_download,
        name="report_download",
    ),
    path("t/<slug:slug>/reports/<str:report>/cancel", reports.report_cancel, name="report_cancel"),
    path("t/<slug:slug>/reports/<str:report>/attest", reports.report_attest, name="report_attest"),
    path("t/<slug:slug>/reports/preview", reports.report_preview, name="report_preview"),
    path(
        "t/<slug:slug>/reports/schedules/<str:schedule>/delivery",
        report_schedules.schedule_delivery,
        name="report_schedule_delivery",
    ),
    path(
        "t/<slug:slug>/reports/schedules",
        report_schedules.schedule_create,
        name="report_schedule_create",
    ),
    path(
        "t/<slug:slug>/reports/schedules/<str:schedule>/remove",
        report_schedules.schedule_remove,
        name="report_schedule_remove",
    ),
    path("api/v1/audit/events", EventsView.as_view(), name="api_audit_events"),
    path("directory/checkpoint", directory.checkpoint, name="directory_checkpoint"),
    path("directory/keys", directory.keys, name="directory_keys"),
    path("directory/tile/entries/<path:entries>", directory.entries, name="directory_entries"),
    path("directory/tile/<path:tile>", directory.tile, name="directory_tile"),
    path("api/v1/audit/checkpoint", CheckpointView.as_view(), name="api_audit_checkpoint"),
    path(
        "api/v1/audit/tile/entries/<path:entries>",
        EntriesView.as_view(),
        name="api_audit_entries",
    ),
    path("api/v1/audit/tile/<path:tile>", TileView.as_view(), name="api_audit_tile"),
    path("api/v1/audit/receipts/<str:event>", ReceiptView.as_view(), name="api_audit_receipt"),
    path("api/v1/audit/proof/inclusion", InclusionView.as_view(), name="api_audit_proof_inclusion"),
    path(
        "api/v1/audit/proof/consistency",
        ConsistencyView.as_view(),
        name="api_audit_proof_consistency",
    ),
]
