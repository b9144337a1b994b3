"""The vocabulary of this floor in the ledger: one typed function an event, by noun."""
