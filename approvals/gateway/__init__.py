"""Calls of a model through the gateway: what is asked, answered, held back, counted (pure).

Start with `asked.py` (the request) and `answers.py` (the answer, whole and streamed). Nothing
here reads a table or a clock, or sends anything: `services/gateway.py` opens and closes calls,
`api/gateway_calls.py` carries them out.
"""
