"""Removes the process's secrets from lines, and makes third-party text printable and short."""
