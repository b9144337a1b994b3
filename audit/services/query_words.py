"""Filters as events keep them."""

from collections.abc import Mapping

from audit.actors import Words


def marked_query(query: Mapping[str, str], by: str) -> dict[str, str]:
    """Return a filter with what was typed as the words of whoever asked (a public id).

    Somebody looks for people by their names: the hashed bytes have a commitment to it, wherever
    it stands in the event, and it is closed when who asked is erased.
    """
    return {name: Words(value, by) if name == "text" else value for name, value in query.items()}
