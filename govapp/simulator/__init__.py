"""Agents of different manners against a running Govapp, through HTTP only.

Nothing here imports Django or the application: what an agent may know is what HTTP tells it.
Design: ``architecture.md``, "Two commands"; the promises checked are those of ``api.md``.
"""
