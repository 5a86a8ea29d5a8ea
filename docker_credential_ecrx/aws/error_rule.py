"""What a rule for a failed call to AWS says, and how the rule for a failure is found; ``error_rules`` has the rules."""

from collections.abc import Iterable
from typing import NamedTuple


class ErrorRule(NamedTuple):
    """How failures with one of ``codes`` are reported.

    ``message``, ``remedy`` and ``command`` are format strings; ``hint`` names a remedy that ``failures`` works out from
    the credential source, one of the constants below.
    ``operation`` is the start of the name of the AWS operations that the rule applies to; empty means all of them.
    The format strings may name what ``failure_texts`` looks up, and the values of the failure; a remedy and a command
    also have HOST and REGION, which become the registry's.
    """

    codes: tuple[str, ...]
    message: str
    remedy: str = ""
    command: str = ""
    hint: str = ""
    operation: str = ""


# Replace the credentials that signed the request; replace their access key; replace them, since their session has
# expired.
NEW_CREDENTIALS, NEW_KEY, NEW_SESSION = "new-credentials", "new-key", "new-session"
# Create credentials or a profile, or use one of those that exist.
ANY_CREDENTIALS, ANOTHER_PROFILE = "any-credentials", "another-profile"
# Complete the SSO session, or name another.
SSO_SESSION = "sso-session"
# Be the owner of the repository, if only its policy could allow the request.
OWNERS_PROFILE = "owners-profile"


def find(rules: Iterable[ErrorRule], code: str, operation: str = "") -> ErrorRule | None:
    """Return the most specific rule for ``code``, or None: the longest ``operation`` wins, then the first rule."""
    found = (rule for rule in rules if code in rule.codes and operation.startswith(rule.operation))
    return max(found, key=lambda rule: len(rule.operation), default=None)
