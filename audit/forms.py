"""The forms of this floor's pages. What is allowed is decided by the services."""

from typing import Any, Final

from django import forms

from audit.exporting.streaming import FORMATS
from audit.models import AuditStream, StreamKind
from audit.selectors.events import EventFilter
from audit.selectors.streams import Start
from audit.services.stream_checks import Wanted
from audit.views.filters import LABELS
from govapp.common.forms import OverlapForm, overlap_field

_WHERE: Final = (
    ("now", "now: what is recorded from here on"),
    ("beginning", "the beginning of the record"),
    ("date", "a day"),
    ("index", "an index of the record"),
)
_FILTER_HINTS: Final = {
    "type": "As in the record, for example vote.cast. Empty: every type.",
    "since": "YYYY-MM-DD",
    "until": "YYYY-MM-DD",
}


class StartForm(forms.Form):
    where = forms.ChoiceField(label="Begin at", choices=_WHERE, initial="now")
    value = forms.CharField(
        label="Which day or index",
        required=False,
        max_length=20,
        help_text="YYYY-MM-DD, or a number from 0 on; not for the first two.",
    )

    @property
    def start(self) -> Start:
        return Start(self.cleaned_data["where"], self.cleaned_data["value"].strip())


class StreamForm(forms.Form):
    """What can be set of a stream of one kind; what a kind does not have is left out."""

    name = forms.CharField(label="Name", max_length=80, help_text="Which system listens there.")
    address = forms.CharField(label="Address", max_length=500)
    format = forms.ChoiceField(label="Format", widget=forms.RadioSelect)
    discloses = forms.BooleanField(
        label="Send names and texts too",
        required=False,
        help_text=(
            "Without this, names of people, what they wrote and what agents asked for stay here:"
            " places such as ⟦1⟧ and hashes go instead, with ids. Types, times, amounts and the"
            " rest of each event go in either case."
        ),
    )
    at_once = forms.IntegerField(
        label="At most so many events at once", min_value=1, max_value=500, initial=500
    )
    roots = forms.CharField(
        label="Certificates to trust",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="PEM, for a receiver whose certificate is not by a public authority.",
    )
    authorization = forms.CharField(
        label="Authorization header",
        required=False,
        max_length=2_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="For example “Splunk …” with a token. Stored sealed and never shown again.",
    )
    no_authorization = forms.BooleanField(
        label="Send no Authorization header any more", required=False
    )

    def __init__(self, *args: Any, kind: str, stream: AuditStream | None = None, **kwargs: Any):
        kwargs["initial"] = _initial(stream)
        super().__init__(*args, **kwargs)
        is_webhook = kind == StreamKind.WEBHOOK
        hint = "https://" if is_webhook else "tls://logs.example.com:6514"
        self.fields["address"].widget.attrs["placeholder"] = hint
        self.fields["address"].help_text = (
            "Each batch is a POST to it."
            if is_webhook
            else "tls://host:port; tcp://host:port only in networks that the operator has named."
        )
        shape = [each for each in FORMATS.values() if each.for_webhooks or not is_webhook]
        chosen = self.fields["format"]
        assert isinstance(chosen, forms.ChoiceField)  # noqa: S101 - for the type checker
        chosen.choices = [(each.slug, f"{each.title}. {each.hint}") for each in shape]
        unused = ["roots"] if is_webhook else ["authorization", "no_authorization"]
        if stream is None or stream.authorization_sealed is None:
            unused.append("no_authorization")
        else:
            self.fields["authorization"].help_text = "Empty leaves the one that is set."
        for name in unused:
            self.fields.pop(name, None)
        for name, label in LABELS.items():
            self.fields[f"only_{name}"] = forms.CharField(
                label=f"Only: {label.lower()}",
                required=False,
                max_length=200,
                help_text=_FILTER_HINTS.get(name, ""),
            )

    @property
    def main_fields(self) -> list[forms.BoundField]:
        """What everybody fills in."""
        return [each for each in self if not _is_more(each.name)]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        """The filter, and how much at once."""
        return [each for each in self if _is_more(each.name)]

    @property
    def has_more(self) -> bool:
        """Whether any of these is set, or wrong."""
        return any(
            each.errors or str(each.value() or "") not in ("", "500") for each in self.more_fields
        )

    def wanted(self, zone: str) -> Wanted:
        """Return what was typed; days are of this time zone."""
        data = self.cleaned_data
        typed = data.get("authorization") or None
        return Wanted(
            name=" ".join(data["name"].split()),
            address=data["address"].strip(),
            format=data["format"],
            discloses=data["discloses"],
            filter=EventFilter(
                **{name: data[f"only_{name}"].strip() for name in LABELS}, zone=zone
            ),
            at_once=data["at_once"],
            roots=data.get("roots", ""),
            authorization="" if data.get("no_authorization") else typed,
        )


def _is_more(name: str) -> bool:
    return name == "at_once" or name.startswith("only_")


def _initial(stream: AuditStream | None) -> dict[str, Any]:
    if stream is None:
        return {"format": "jsonl"}
    only = {f"only_{name}": value for name, value in stream.query.items()}
    plain = ("name", "address", "format", "discloses", "at_once", "roots")
    return only | {name: getattr(stream, name) for name in plain}


class RotateForm(OverlapForm):
    hours = overlap_field("The old secret signs too for")
