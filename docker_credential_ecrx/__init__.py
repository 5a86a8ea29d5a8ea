"""A Docker credential helper for Amazon ECR across AWS accounts, with tokens in the OS keyring."""

__version__ = "1.1.0"
