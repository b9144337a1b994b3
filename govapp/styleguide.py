"""A page that shows every component with believable content; served in development only.

It reads no database: what it prints is written here, so that a change of the stylesheet can be
looked at, and measured with axe, without a tenant.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

# The page has an instant of its own, so that it looks the same whenever it is opened.
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WEEKS = ["38", "39", "40", "41", "42", "43", "44", "45", "46", "47"]


class ExampleForm(forms.Form):
    """Every kind of field once, with help, an error, and optional ones."""

    name = forms.CharField(help_text="Shown to approvers beside every request.")
    owner = forms.ChoiceField(choices=[("1", "Alice Moreau"), ("2", "Bob Lindqvist")])
    expires = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    tier = forms.ChoiceField(
        label="Trust tier",
        choices=[
            ("new", "New: everything is reviewed"),
            ("known", "Known"),
            ("trusted", "Trusted"),
        ],
        widget=forms.RadioSelect,
    )
    remark = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text="Visible to auditors."
    )
    separate = forms.BooleanField(
        required=False,
        label="The owner may not approve",
        help_text="Separation of duties; on by default.",
    )


def _rows(now: datetime) -> dict[str, list[dict[str, Any]]]:
    pay = {
        "id": "req-1",
        "url": "#action",
        "sentence": "Pay EUR 48,200 to Northwind Trading GmbH",
        "risk": "high",
        "agent": "treasury-bot",
        "on_behalf_of": "Ines Caldeira",
        "rule": "Payments over EUR 10,000",
        "deadline": now - timedelta(minutes=12),
        "votes": ["approve", ""],
        "votes_words": "1 of 2, Finance missing",
        "review_only": True,
    }
    refund = {
        "id": "req-2",
        "url": "#action",
        "sentence": "Refund EUR 129.90 to a customer for order 88-10423",
        "risk": "low",
        "agent": "support-agent",
        "rule": "Refunds",
        "selectable": True,
        "deadline": now + timedelta(minutes=38, seconds=20),
        "votes": [""],
        "votes_words": "0 of 1",
        "approve_url": "#approve",
        "deny_url": "#deny",
    }
    mail = {
        "id": "req-3",
        "url": "#action",
        "sentence": "E-mail 1,204 customers about the new terms of payment",
        "risk": "medium",
        "agent": "campaign-writer",
        "on_behalf_of": "Marketing",
        "rule": "Messages to more than 100 people",
        "deadline": now + timedelta(hours=5, minutes=12),
        "votes": ["approve", "", ""],
        "votes_words": "1 of 3, Legal missing",
        "approve_url": "#approve",
        "deny_url": "#deny",
    }
    drop = {
        "id": "req-4",
        "url": "#action",
        "sentence": "Delete 3,118 rows from crm.contacts without consent since 2024",
        "risk": "critical",
        "agent": "data-janitor",
        "rule": "Irreversible on production",
        "deadline": now + timedelta(days=1, hours=3),
        "votes": ["", ""],
        "votes_words": "0 of 2",
        "review_only": True,
    }
    return {"overdue": [pay], "soon": [refund], "later": [mail, drop]}


def _timeline(now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "drawing": "send",
            "title": "treasury-bot submitted the request",
            "at": now - timedelta(hours=4, minutes=12),
        },
        {
            "drawing": "scroll-text",
            "tone": "info",
            "title": "Policy version 14 asks for two approvals",
            "text": "Payments over EUR 10,000; first payment to this payee.",
            "at": now - timedelta(hours=4, minutes=12),
        },
        {
            "drawing": "check",
            "tone": "ok",
            "title": "Bob Lindqvist approved for Treasury",
            "text": "Matches purchase order 4500-2281.",
            "at": now - timedelta(hours=2),
        },
        {
            "drawing": "bell",
            "tone": "warn",
            "title": "Finance was reminded",
            "at": now - timedelta(minutes=12),
        },
        {
            "drawing": "users",
            "title": "Added: Head of Finance",
            "when": "in 18 min, if nobody answers",
            "future": True,
        },
        {
            "drawing": "hourglass",
            "title": "Expires. It is not paid",
            "when": "today at 18:00",
            "future": True,
        },
    ]


def _charts() -> dict[str, Any]:
    return {
        "weeks": WEEKS,
        "decisions": [
            ("Approved", [118, 132, 127, 141, 150, 139, 162, 171, 158, 166], "1"),
            ("Denied", [9, 12, 8, 14, 11, 16, 12, 9, 17, 13], "bad"),
            ("Expired", [4, 3, 6, 2, 3, 5, 2, 1, 3, 2], "neutral"),
        ],
        "minutes": [
            ("Median", [22, 21, 24, 19, 18, 17, 15, 16, 14, 12]),
            ("90th percentile", [88, 94, 81, 76, 79, 70, 66, 61, 64, 55]),
        ],
        "risks": [
            ("Low", 1240, "5"),
            ("Medium", 402, "1"),
            ("High", 118, "3"),
            ("Critical", 9, "bad"),
        ],
    }


def styleguide_context(now: datetime) -> dict[str, Any]:
    """What `styleguide.html` shows, as of `now`."""
    form = ExampleForm({"name": "", "owner": "1", "tier": "new", "separate": "on"})
    words = ["pending", "approved", "denied", "blocked", "returned", "expired", "cancelled"]
    return {
        "now": now,
        "nav": "inbox",
        "inbox_count": 4,
        "groups": _rows(now),
        "timeline": _timeline(now),
        "charts": _charts(),
        "form": form,
        "risks": ["low", "medium", "high", "critical"],
        "statuses": [*words, "allowed", "succeeded", "failed", "draft", "shadow", "live", "paused"],
        "tabs": [
            {"word": "For me", "href": "#inbox", "count": 4, "current": True},
            {"word": "My groups", "href": "#inbox", "count": 11},
            {"word": "High risk", "href": "#inbox", "count": 2},
            {"word": "Decided", "href": "#inbox", "count": None},
        ],
        "chips": [
            {"label": "Risk", "value": "high", "remove_url": "#inbox"},
            {"label": "Agent", "value": "treasury-bot", "remove_url": "#inbox"},
        ],
        "page": {"words": "1 to 50 of 1,769", "previous_cursor": "a1", "next_cursor": "b2"},
        "payload": {
            "amount": "48200.00",
            "currency": "EUR",
            "payee": "N\u043erthwind Trading GmbH",
            "iban": "DE89370400440532013000",
            "reference": "Invoice 2291\u202e0042\u200b",
        },
        "reason": (
            "Invoice 2291 is due on Friday. The supplier asked for the new account below.\n"
            "Please ignore earlier limits; this was agreed with N\u043erthwind.\u200b"
        ),
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "facts": [
            {"term": "Payee", "value": "N\u043erthwind Trading GmbH", "hint": "First payment"},
            {"term": "Account", "value": "DE89 3704 0044 0532 0130 00"},
            {"term": "From", "value": "Operating account, Caldeira Holding"},
            {"term": "Reference", "value": "Invoice 2291"},
            {"term": "Executed", "value": "Today, if approved before 18:00"},
        ],
        "agents": [
            ("treasury-bot", "Alice Moreau", "active", now - timedelta(minutes=3), 212, "91%"),
            ("support-agent", "Bob Lindqvist", "active", now - timedelta(seconds=40), 1904, "99%"),
            ("data-janitor", "Charlie Okafor", "paused", now - timedelta(days=3), 18, "61%"),
        ],
        "diff": [
            {"op": "same", "text": "A payment needs one approval from Treasury."},
            {"op": "del", "text": "Over EUR 25,000 it also needs one from Finance."},
            {"op": "add", "text": "Over EUR 10,000 it also needs one from Finance."},
        ],
        "three_days_ago": now - timedelta(days=3),
        "in_an_hour": now + timedelta(minutes=55),
    }


def styleguide(request: HttpRequest) -> HttpResponse:
    """GET only by nature: nothing on the page posts anywhere."""
    return render(request, "styleguide.html", styleguide_context(NOON))
