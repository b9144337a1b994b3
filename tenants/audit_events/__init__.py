"""What this floor writes into the record: one typed function per event, by noun."""
