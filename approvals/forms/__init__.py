"""The forms of this floor's pages. What is allowed is decided by the services."""
