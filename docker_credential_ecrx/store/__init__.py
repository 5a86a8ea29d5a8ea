"""Cached tokens, the passwords for other registries, and how a token is refreshed."""
