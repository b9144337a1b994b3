"""The policy editor without its pages: what is being written, and the inputs that show it.

A page carries the whole document as text in one field and the inputs of the one part that is
open (a rule, a flow, or what happens otherwise). `state.read_state` puts them together again,
`actions.act` does what a button asks for, `pages.build_page` says what to draw. Nothing here
writes to the database; only `vocabulary` reads it.
"""
