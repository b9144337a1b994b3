"""Which addresses a callback may go to: those that any tenant may name (`govapp.common`)."""

from govapp.common.receivers import MAX_CHARACTERS, may_go_to, require_usable_url

__all__ = ["MAX_CHARACTERS", "may_go_to", "require_usable_url"]
