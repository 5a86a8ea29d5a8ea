"""Unsets the variables that are set and empty, before anything reads one: those that this program and the SDK read.

Templates of CI define variables that are empty in most jobs, and botocore takes an empty AWS_PROFILE for a profile's
name (botocore#1927).
AWS's SDK for Go ignores every empty variable, and so does Go's net/http: an empty https_proxy hides no HTTPS_PROXY.
https://github.com/aws/aws-sdk-go-v2/blob/main/config/env_config.go
"""

import os

_PREFIXES = ("AWS_", "BOTO", "DOCKER_", "ECRX_", "SSL_CERT_", "XDG_")
_NAMES = ("HOME", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "REGISTRY_AUTH_FILE")
_PROXY = "_PROXY"


def unset_empty() -> None:
    """Unset such variables in the environment of this process, and of those that it starts."""
    if not _has_empty():
        return
    for name in [name for name, value in os.environ.items() if not value]:
        if name.startswith(_PREFIXES) or name in _NAMES or name.upper().endswith(_PROXY):
            del os.environ[name]


def unset_key_log() -> None:
    """Unset SSLKEYLOGFILE for this process and those that it starts.

    Python would write the keys of each TLS session to that file, which every user may be able to read; they decrypt
    AWS credentials and tokens, and so do those of a credential_process or of ``aws sso login``.
    """
    os.environ.pop("SSLKEYLOGFILE", None)


def _has_empty() -> bool:
    """Return whether a variable was empty when the process started: os.environ takes twenty times as long to say."""
    try:
        from posix import environ
    except ImportError:  # Windows
        return True
    return b"" in environ.values()
