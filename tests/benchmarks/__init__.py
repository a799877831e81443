"""What the integration costs in CPU time, memory, and requests: scripts/bench."""
