"""Evidence packs: what somebody takes home, and the two verifiers that travel with it.

Pure, like `audit.merkle`: callers bring the events, the tiles and an open file. `verifier/` holds
the parts of `verify.py` (standard library only), `page/` those of `verify.html`; `assembling`
makes one file of each. Both say the same words, which stand in `verifier/words.py` alone.
"""
