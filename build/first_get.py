"""The modules that a first ``get`` imports, beside those of a cached one, if it asks AWS without botocore.

The frozen program keeps them, too, as code objects in one file, which is read when the first of them is imported.
Python's own are all in C: those that are not take longer to load than AWS takes to answer.
tests/blackbox/test_guard.py compares OURS with what is imported.
"""

import cached_get

OURS = (
    *("aws", "aws.direct", "aws.direct.attempts", "aws.direct.authorization_token", "aws.direct.calls"),
    *("aws.direct.certificates", "aws.direct.connections", "aws.direct.declined", "aws.direct.documents"),
    *("aws.direct.endpoints", "aws.direct.environment", "aws.direct.http_client", "aws.direct.keys"),
    *("aws.direct.named_files", "aws.direct.plan", "aws.direct.profile_files", "aws.direct.sigv4", "aws.direct.tcp"),
    *("aws.direct.tls", "aws.doubts", "aws.issued_token", "aws.trust", "ecr.arn", "sanitizer", "sanitizer.plain"),
    *("sanitizer.redaction", "store.erasure", "store.index", "store.refresh", "store.single_flight"),
    *("store.token_lock", "system.background", "system.deadline", "system.file_lock", "system.files"),
    *("system.fast_json", "system.state_folder"),
)
# Only for keys from a container or an instance.
METADATA = ("aws.direct.metadata",)


def modules() -> list[str]:
    """Return the full names of all of them."""
    return cached_get.full(*OURS, *METADATA)
