"""The chunks room."""
