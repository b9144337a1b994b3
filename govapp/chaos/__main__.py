"""Entry point of ``./run chaos``."""

import sys

from govapp.chaos.cli import main

sys.exit(main(sys.argv[1:]))
