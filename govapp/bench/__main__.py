"""Entry point of ``./run bench``."""

import sys

from govapp.bench.runner import main

sys.exit(main(sys.argv[1:]))
