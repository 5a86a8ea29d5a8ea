"""Whose identity answers for a registry, and its fingerprint."""
