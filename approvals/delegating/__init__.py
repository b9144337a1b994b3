"""What one agent may hand on to another, and what a chain of such links allows. Pure."""
