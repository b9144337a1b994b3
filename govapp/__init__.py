"""The wiring: settings, addresses, servers. Imports every floor; is imported by none."""
