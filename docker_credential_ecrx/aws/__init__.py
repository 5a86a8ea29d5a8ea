"""Calls to AWS, through botocore or, in ``direct``, without it: tokens, repository policies, and what can fail."""
