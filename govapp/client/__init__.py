"""The command line for people: it speaks to a running Govapp over HTTP, with a member's token."""
