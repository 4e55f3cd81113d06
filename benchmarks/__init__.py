"""What the package costs, measured against what one would do without it."""
