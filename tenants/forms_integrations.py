"""The forms of integrations. What is allowed is decided by the services."""

from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django import forms
from django.utils.timezone import localdate, make_aware

from govapp.common import clock
from govapp.common.forms import OverlapForm, overlap_field
from govapp.common.ids import InvalidId, parse_public_id
from tenants.enums import AgentStatus, IntegrationKind, KillScope, TokenAuth
from tenants.forms import MemberChoice, ReasonForm
from tenants.models import Agent, Integration, Membership
from tenants.offers import Offer, read_offers
from tenants.selectors import active_members
from tenants.services.integration_fields import (
    LONGEST_TOKEN,
    SHORTEST_TOKEN,
    TOKEN_FIELDS,
    USUAL_TOKEN,
)

_CODE: Final = {"spellcheck": "false", "autocapitalize": "off"}
_LINES = forms.Textarea(attrs=_CODE | {"rows": 3})
_INSTANT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
_USUAL: Final = timedelta(days=90)
_LAST_MINUTE: Final = time(23, 59)
_MOST_LISTED: Final = 60


class IntegrationForm(forms.Form):
    """A system that agents act on. Its short name and kind are asked for only when it is new."""

    name = forms.CharField(max_length=100)
    slug = forms.CharField(
        label="Short name",
        max_length=60,
        help_text="How agents and rules name it: acme-bank. It cannot be changed.",
    )
    kind = forms.ChoiceField(
        label="What it is",
        choices=IntegrationKind,
        help_text="A model provider's key and a secret that is given out are kept in the vault.",
    )
    address = forms.CharField(
        max_length=500,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        help_text="Where it answers; of a model provider the base of its addresses.",
    )
    scopes = forms.CharField(
        required=False,
        widget=_LINES,
        help_text="What it can be used for, one a line, in its own words: payments:write.",
    )
    labels_cleared = forms.CharField(
        label="Cleared for data labelled",
        required=False,
        widget=_LINES,
        help_text="One a line, like customer-pii. Nothing else that is labelled may flow into it.",
    )
    owner = MemberChoice(
        queryset=Membership.objects.none(), help_text="Answers for it, and hears about it."
    )
    expires_at = forms.DateTimeField(
        label="Ends", required=False, widget=_INSTANT, help_text="Empty: when somebody revokes it."
    )
    token_url = forms.CharField(
        label="Token endpoint",
        required=False,
        max_length=500,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        help_text="Of a secret that is given out: where a short-lived token is had for each"
        " permission (OAuth 2.0, client credentials). Empty: the secret itself is given out.",
    )
    token_auth = forms.ChoiceField(
        label="The client says who it is",
        required=False,
        choices=TokenAuth,
        help_text="Most endpoints take either.",
    )
    token_with_scopes = forms.BooleanField(
        label="Ask for scopes",
        required=False,
        help_text="For those that the agent was granted, so that a token opens no more.",
    )
    token_audience = forms.CharField(label="Audience", required=False, max_length=300)
    token_resource = forms.CharField(
        label="Resource", required=False, max_length=300, help_text="A URI (RFC 8707)."
    )
    token_seconds = forms.IntegerField(
        label="Longest life of a token, in seconds",
        required=False,
        min_value=SHORTEST_TOKEN,
        max_value=LONGEST_TOKEN,
        initial=USUAL_TOKEN,
        help_text="A token that lives for longer is not given out.",
    )

    def __init__(
        self, *args: Any, is_new: bool, kind: str = IntegrationKind.INJECTED, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = active_members()  # type: ignore[attr-defined]
        if not is_new:
            del self.fields["slug"], self.fields["kind"]
        if kind != IntegrationKind.INJECTED:
            for name in TOKEN_FIELDS:
                del self.fields[name]

    def clean_scopes(self) -> list[str]:
        return str(self.cleaned_data["scopes"]).split()

    def clean_labels_cleared(self) -> list[str]:
        return str(self.cleaned_data["labels_cleared"]).split()

    def clean_token_auth(self) -> str:
        return str(self.cleaned_data["token_auth"] or TokenAuth.BASIC)

    def clean_token_seconds(self) -> int:
        return int(self.cleaned_data["token_seconds"] or USUAL_TOKEN)

    @staticmethod
    def values_of(integration: Integration) -> dict[str, Any]:
        """Return what the form starts from."""
        return {
            "name": integration.name,
            "address": integration.address,
            "scopes": "\n".join(integration.scopes),
            "labels_cleared": "\n".join(integration.labels_cleared),
            "owner": integration.owner_id,
            "expires_at": integration.expires_at,
        } | {name: getattr(integration, name) for name in TOKEN_FIELDS}


class GrantForm(forms.Form):
    """Which agent may use it, for what and how long."""

    agent = forms.ModelChoiceField(queryset=Agent.objects.none(), empty_label="Choose")
    known = forms.MultipleChoiceField(
        label="For which categories",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick at least one, or write one below.",
    )
    categories = forms.CharField(
        label="Other categories",
        required=False,
        widget=forms.Textarea(attrs=_CODE | {"rows": 2}),
        help_text="One a line: payments.transfer, or payments.* for all under payments.",
    )
    scopes = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: all that it declares.",
    )
    until = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="It ends by itself at the end of this day. Empty: no end.",
    )

    def __init__(
        self, data: Any = None, *, integration: Integration, agent: str = "", **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        agents = Agent.objects.exclude(status=AgentStatus.RETIRED).order_by("name", "pk")
        self.fields["agent"].queryset = agents  # type: ignore[attr-defined]
        self.initial.setdefault("agent", _agent_id(agent))
        self.initial.setdefault("until", localdate(clock.now()) + _USUAL)
        offers = read_offers(KillScope.CATEGORY, at_most=_MOST_LISTED).offers
        _choose(self.fields["known"], [(each.ref, _words(each)) for each in offers])
        _choose(self.fields["scopes"], [(each, each) for each in integration.scopes])

    def clean_until(self) -> date | None:
        until: date | None = self.cleaned_data["until"]
        if until is not None and until < localdate(clock.now()):
            raise forms.ValidationError("This day is over: choose today or a later one.")
        return until

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        patterns = [*data.get("known", []), *data.get("categories", "").split()]
        if not patterns and not {"known", "categories"} & set(self.errors):
            self.add_error("known", "Tick at least one, or write one below.")
        data["patterns"] = list(dict.fromkeys(patterns))
        return data

    def values(self) -> dict[str, Any]:
        """Return what the service takes."""
        data = self.cleaned_data
        return {
            "agent": data["agent"],
            "categories": data["patterns"],
            "scopes": data["scopes"],
            "expires_at": _end_of(data["until"]),
        }


def _choose(field: forms.Field, choices: list[tuple[str, str]]) -> None:
    assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - for the type checker
    field.choices = choices


def _words(offer: Offer) -> str:
    return offer.name if offer.name == offer.ref else f"{offer.name} ({offer.ref})"


def _agent_id(ident: str) -> UUID | None:
    """Return the agent that an address names, if it names one."""
    try:
        return parse_public_id("ag", ident)
    except InvalidId:
        return None


def _end_of(day: date | None) -> datetime | None:
    """Return the last minute of a day, where the tenant is."""
    return make_aware(datetime.combine(day, _LAST_MINUTE)) if day else None


class SecretForm(forms.Form):
    """A secret goes in and is never shown again, not even in a form that is refused."""

    client_id = forms.CharField(
        label="Client id",
        strip=False,
        max_length=1_000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="As the token endpoint knows it; kept in the vault with its secret.",
    )
    secret = forms.CharField(
        strip=False,
        max_length=4_000,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text="It is sealed at once, and nobody is shown it here again.",
    )

    def __init__(self, *args: Any, of_client: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if of_client:
            self.fields["secret"].label = "Client secret"
        else:
            del self.fields["client_id"]

    def values(self) -> dict[str, Any]:
        """Return what the service takes."""
        return {name: self.cleaned_data[name] for name in self.fields if name != "hours"}


class RotateSecretForm(OverlapForm, SecretForm):
    hours = overlap_field("The old one works beside it for")


class RevokeForm(ReasonForm):
    is_sure = forms.BooleanField(
        label="I know that this is final",
        help_text="Its secret is emptied; its short name stays taken.",
    )
