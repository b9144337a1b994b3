"""Entry point of ``./run policy``."""

import sys

from govapp.client.policy import main

sys.exit(main(sys.argv[1:]))
