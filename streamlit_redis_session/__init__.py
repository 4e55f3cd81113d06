"""Chunked, versioned, exact session state for Streamlit, on Redis."""
