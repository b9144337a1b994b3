"""Calls of a model through the gateway: what is asked, answered, held back, counted (pure).

Start with `asked.py` (the request), `whole.py` (a whole answer) and `streams.py` (a streamed one).
Nothing here reads a table or a clock, or sends anything: `services/gateway.py` opens and closes
calls, `api/gateway_calls.py` carries them out.
"""
