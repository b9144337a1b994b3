"""How answers are written: JSON from dictionaries and msgspec structs alike."""

from collections.abc import Mapping
from typing import Any

import msgspec
from rest_framework.renderers import BaseRenderer

_encoder = msgspec.json.Encoder()


class JSONRenderer(BaseRenderer):
    """Writes JSON. Instants are RFC 3339 in UTC."""

    media_type = "application/json"
    format = "json"
    charset = None  # JSON is UTF-8 (RFC 8259, section 8.1)

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else _encoder.encode(data)


class _PassingRenderer(BaseRenderer):
    """Passes bytes through; what is none is a problem document."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return data if isinstance(data, bytes) else _encoder.encode(data)


class EventStreamRenderer(_PassingRenderer):
    """Passes a server-sent event stream through; what is not one is a problem document."""

    media_type = "text/event-stream"
    format = "event-stream"
    charset = "utf-8"


class YamlSourceRenderer(BaseRenderer):
    """Writes only the `source` of an answer, as YAML; what has none is a problem document."""

    media_type = "application/yaml"
    format = "yaml"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        source = getattr(data, "source", None)
        return source.encode() if isinstance(source, str) else _encoder.encode(data)


class NoteRenderer(BaseRenderer):
    """Writes text as it is; what is none is a problem document."""

    media_type = "text/plain"
    format = "note"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return data.encode() if isinstance(data, str) else _encoder.encode(data)


class OctetRenderer(_PassingRenderer):
    """Passes bytes through; what is none is a problem document."""

    media_type = "application/octet-stream"
    format = "octets"
    charset = None
    render_style = "binary"
