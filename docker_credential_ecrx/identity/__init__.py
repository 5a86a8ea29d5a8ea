"""The user's settings, the identity for each registry, and its fingerprint."""
