"""The adapter room."""
