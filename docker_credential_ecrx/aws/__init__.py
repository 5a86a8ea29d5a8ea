"""Calls to AWS through botocore: sessions, tokens, repository policies, and what can fail."""
