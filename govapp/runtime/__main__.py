"""Entry point of ``./run``."""

import sys

from govapp.runtime.cli import main

sys.exit(main(sys.argv[1:]))
