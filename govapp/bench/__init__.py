"""`./run bench`: how fast this is, as ratios to baselines measured in the same run.

Start in `runner.py`; each benchmark is one file with a function `run(ground)` that yields figures.
Targets and their reasons: design page, `performance.md`.
"""
