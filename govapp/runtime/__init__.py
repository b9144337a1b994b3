"""How Govapp starts on one machine: environment, embedded servers, supervision, checks.

Nothing here imports Django: the starter must work before the project can be imported,
and a second start has three seconds. Design: ``architecture.md``, "Two commands".
"""
