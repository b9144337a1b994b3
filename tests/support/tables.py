"""The tables of the schema, as tests that look into all of them want them."""

from typing import Final

# A partition is seen through its parent: the application has no right on it.
TABLES: Final = (
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    " AND relkind IN ('r', 'p') AND NOT relispartition"
)
