"""Data in, text and keyboard out."""
