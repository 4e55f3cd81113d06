"""The widget room."""
