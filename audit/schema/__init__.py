"""What can stand in the record: every type of event, and the JSON Schema of what it says.

Start with `catalogue` (the list), then `json_schema` (what it means for a machine) and `page`
(docs/events.md). Pure: no Django, no database.
"""

from audit.schema.catalogue import EVENTS, find_type
from audit.schema.event_type import EventType
from audit.schema.json_schema import schema_of

__all__ = ["EVENTS", "EventType", "find_type", "schema_of"]
