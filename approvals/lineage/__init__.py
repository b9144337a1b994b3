"""What flows through a run: labels along its edges, and whether its record is whole. Pure."""

from approvals.lineage.chain import Closing, Link, Verified, verify
from approvals.lineage.drawing import Box, Drawing, Line, draw
from approvals.lineage.labels import Node, carried, flows, introduced_by, upstream

__all__ = [
    "Box", "Closing", "Drawing", "Line", "Link", "Node", "Verified", "carried", "draw", "flows",
    "introduced_by", "upstream", "verify",
]  # fmt: skip
