"""The pure core of the record: canonical bytes, Merkle trees, tiles, proofs, signed checkpoints.

Nothing here reads or writes anything; callers bring the tiles and keep the keys.
"""
