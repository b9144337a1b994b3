"""Entry point of ``./run simulate``."""

import sys

from govapp.simulator.cli import main

sys.exit(main(sys.argv[1:]))
