"""Makes the errors that are reported for a failed call to AWS, from the rules in ``error_rules``.

An error's codes, such as ``operation=AssumeRole``, are all that one process leaves to those that wait for it.
``from_codes`` makes the same message of them, except for text that AWS wrote.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from docker_credential_ecrx.aws import (
    credential_source,
    denials,
    error_rule,
    input_files,
    old_token,
    profile_hints,
    sso_sessions,
)
from docker_credential_ecrx.aws.caller import Call, Caller
from docker_credential_ecrx.aws.error_rule import ErrorRule
from docker_credential_ecrx.aws.error_rules import (
    CLIENT_RULES,
    DENIED_BY_POLICY,
    PUBLIC_RULES,
    REFUSED,
    SERVER_ERROR,
    SERVER_FAILURE,
    SERVICE_RULES,
    UNKNOWN_FAILURE,
)
from docker_credential_ecrx.aws.failure_texts import SAID, Texts
from docker_credential_ecrx.aws.profile_hints import ConfigureHint
from docker_credential_ecrx.ecr import arn
from docker_credential_ecrx.errors import AwsError, ClockError, Remedy
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.sanitizer import third_party, user_paths

_FROM_AWS = "aws"  # the first code if AWS returned an error
_CLOCK = "clock"  # the first code if the clock is wrong
# Values that a remedy repeats, and so are not shortened; in place of a path or a program there may be a secret.
_SANITIZERS: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(("role", "name", "profile"), third_party.line),
    **dict.fromkeys(("path", "bundle"), user_paths.shown),
    "program": user_paths.program,
}
# What is due to AWS's files, which a variable may have botocore look for where they are not.
_OF_FILES = frozenset(("no-credentials", "no-profile", "empty-profile"))
# What no code tells other processes: anything may stand there.
_LEFT_OUT_OF_CODES = (SAID, "proxy", "program")
LONGEST_SKEW_SECONDS = 240  # AWS allows five minutes
SET_CLOCK = Remedy("set the clock", "timedatectl set-ntp true")
_MOST_SECONDS = 90  # longer durations are in minutes


_NO_CALL = Call()
_OF_CALL = ("host", "operation", "role", "status")  # that messages name


def find_caller(
    identity: Identity,
    env: Mapping[str, str],
    call: Call = _NO_CALL,
    configure: ConfigureHint | None = None,
    texts: Mapping[str, str] | None = None,
) -> Caller:
    """Return the caller by the environment and AWS's files as they are now; by default the call is for a registry."""
    source = credential_source.find_source(identity, env)
    return Caller(identity, env, source, call, configure or profile_hints.configure_hint(identity), texts or {})


def client_error(code: str, caller: Caller, /, **values: str) -> AwsError:
    """Return the error for one of this program's own codes, with ``values`` in its message."""
    return _filled(error_rule.find(CLIENT_RULES, code) or UNKNOWN_FAILURE, caller, (code,), values)


def with_call(error: AwsError, caller: Caller) -> AwsError:
    """Return the error for a response that is not valid, with the call; any other error as it is."""
    rule = error_rule.find(CLIENT_RULES, error.codes[0]) if error.codes else None
    return client_error(error.codes[0], caller) if rule and "{call}" in rule.message else error


def service_error(caller: Caller, values: Mapping[str, str], rules: Iterable[ErrorRule] = ()) -> AwsError:
    """Return the error for AWS's error response: ``operation``, ``code``, HTTP ``status`` and what AWS ``said``.

    ``rules`` take precedence over those for all calls that are as specific.
    """
    values = {**values, **denials.parse(values.get(SAID, ""))}
    status = values.get("status", "")
    default = SERVER_FAILURE if status.isdecimal() and int(status) >= SERVER_ERROR else REFUSED
    code, operation = values.get("code", ""), values.get("operation", "")
    if operation.startswith("AssumeRole") and denials.is_certain(values):
        code = DENIED_BY_POLICY
    rule = error_rule.find((*rules, *SERVICE_RULES), code, operation)
    return _filled(rule or default, caller, (_FROM_AWS,), values)


def from_codes(codes: Sequence[str], identity: Identity, env: Mapping[str, str], service: str) -> AwsError | None:
    """Return the error that another process left as ``codes`` when it called ``service`` as the same identity.

    Anybody may have written the codes: a value that is not a code is ignored, and an unknown failure is None.
    """
    first, *words = codes or ("",)
    values = {name: _code(name, value) for name, _, value in (word.partition("=") for word in words)}
    if first == _CLOCK:
        return wrong_clock(_number(values.get("ahead", "")))
    caller = find_caller(identity, env)
    if first == _FROM_AWS:
        return service_error(caller, values, rules_of(service))
    return client_error(first, caller, **values) if error_rule.find(CLIENT_RULES, first) else None


def rules_of(service: str) -> tuple[ErrorRule, ...]:
    """Return the rules that take precedence in a call for a token of that service, by botocore's name."""
    return PUBLIC_RULES if service == "ecr-public" else ()


def wrong_clock(ahead: float) -> ClockError:
    """Return the error if the system clock is so many seconds ahead of AWS's."""
    direction = "ahead of" if ahead > 0 else "behind"
    return ClockError(
        f"the system clock is {duration(abs(ahead))} {direction} AWS's",
        SET_CLOCK,
        ahead,
    )


def duration(seconds: float) -> str:
    """Return a number of seconds as text for a person."""
    if seconds < _MOST_SECONDS:
        return f"{math.ceil(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"  # noqa: PLR2004


def _filled(rule: ErrorRule, caller: Caller, codes: tuple[str, ...], values: Mapping[str, str]) -> AwsError:
    if "{call}" in rule.message or "{host}" in rule.message or "{endpoint}" in rule.message:
        call = {name: str(value) for name, value in caller.call._asdict().items() if name in _OF_CALL and value}
        values = call | {name: value for name, value in values.items() if value}
    shown = {name: _SANITIZERS.get(name, third_party.text)(value) for name, value in values.items() if value}
    texts = Texts(shown, caller)
    codes += tuple(
        f"{name}={value}"
        for name, value in texts.items()
        if name not in _LEFT_OUT_OF_CODES and _code(name, value) == value
    )
    remedy, instead, named_by = _remedy(rule, texts, caller), None, ""
    if rule.hint == error_rule.ANOTHER_PROFILE:
        # As botocore spells it: to the scan of the files, a name with quotes or spaces around it is the same.
        missing = profile_hints.missing_profile(caller.identity, caller.env)
        name, named_by = missing or (texts["name"], caller.source.named_by)
        remedy, instead = profile_hints.missing_profile_hint(
            name, named_by, caller.identity, caller.env, caller.configure
        )
        texts["name"] = profile_hints.shown(name)
    code = texts.get("code")
    message = rule.message.format_map(texts).replace(f"{code}: {code}", f"{code}")
    message = message.replace(f"(HTTP {code}, {code})", f"(HTTP {code})")  # botocore's code if the body has none
    if named_by:
        message = f"{message}, which is the source_profile of {profile_hints.shown(named_by)}"
    if not _OF_FILES.isdisjoint(rule.codes):
        message, remedy = input_files.explained(message, caller.env, remedy, instead)
    return AwsError(message, remedy, codes)


def _remedy(rule: ErrorRule, texts: Texts, caller: Caller) -> Remedy:
    text, operation = rule.remedy.format_map(texts), texts.get("operation", "")
    found = Remedy(text, rule.command.format_map(texts))
    match rule.hint:
        case error_rule.NEW_CREDENTIALS:
            found = caller.source.remedy(operation).prefixed(text)
        case error_rule.NEW_KEY:
            instead = old_token.remedy(caller.source, caller.env) if caller.source.signs(operation) else None
            found = instead or caller.source.remedy(operation)
        case error_rule.NEW_SESSION:
            found = caller.source.remedy(operation, session_expired=True).prefixed(text)
        case error_rule.ANY_CREDENTIALS:
            found = profile_hints.no_credentials_hint(caller.source, caller.configure)
        case error_rule.OWNERS_PROFILE if texts.get("kind", "").startswith("resource-based"):
            owner = caller.texts.get("owner")
            found = Remedy(f"choose the owner's profile with --profile{f', or ask account {owner}' if owner else ''}")
        case error_rule.SSO_SESSION:
            lack = sso_sessions.find_lack(caller.identity, caller.env)
            found = lack.remedy if lack else Remedy("try again")
    return found


def _code(name: str, value: str) -> str:
    """Return a value as codes have it, or "unknown"; the ARN of a role has characters that no other code has."""
    return value if name == "role" and arn.role(value) else third_party.code(value)


def _number(word: str) -> float:
    return float(word) if word.removeprefix("-").isdecimal() else 0.0
