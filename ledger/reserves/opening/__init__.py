"""Verifies a sealed folder that anybody may have written."""
