"""Cached tokens, the passwords of other registries, and how a token is refreshed."""
