"""The direct way to AWS: the two calls of a first ``get`` without an SDK, for the identities that most users have."""
