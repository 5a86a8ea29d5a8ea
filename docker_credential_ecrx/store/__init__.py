"""Cached tokens and other registries' passwords: where they are kept, and how a token is refreshed."""
