"""`./run chaos`: a week of traffic in minutes while parts are killed, and what must hold then.

What looks afterwards (`invariants`, `journals`, `seating`) reads the database, the record and the
delivered mail with queries of its own, and imports nothing of the services that it judges.
"""
