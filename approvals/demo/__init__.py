"""The demo tenant: a bank's payment arm, made through the real services and nothing else."""
