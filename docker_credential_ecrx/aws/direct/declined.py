"""The exception by which the direct way leaves a token to botocore."""


class DeclinedError(Exception):
    """The direct way does not know for certain what botocore would do; the message says why, without a secret."""
