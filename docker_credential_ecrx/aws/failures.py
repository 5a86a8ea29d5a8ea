"""Makes the errors that are reported for a failed call to AWS, from the rules in ``error_rules``.

An error's codes, such as ``operation=AssumeRole``, are all that one process leaves to those that wait for it.
``from_codes`` makes the same message of them, except for text that AWS wrote.
"""

import errno
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from docker_credential_ecrx.aws import credential_source, error_rules, input_files, profile_hints
from docker_credential_ecrx.aws.credential_source import CredentialSource
from docker_credential_ecrx.aws.error_rules import (
    CLIENT_RULES,
    PUBLIC_RULES,
    REFUSED,
    SERVER_ERROR,
    SERVER_FAILURE,
    SERVICE_RULES,
    UNKNOWN_FAILURE,
    ErrorRule,
)
from docker_credential_ecrx.aws.profile_hints import ConfigureHint
from docker_credential_ecrx.errors import AwsError, ClockError, Remedy
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.sanitizer import third_party

_FROM_AWS = "aws"  # the first code if AWS returned an error
_CLOCK = "clock"  # the first code if the clock is wrong
_USERS_OWN = ("name", "path", "profile", "bundle")  # values that a remedy repeats, and so are not shortened
_SAID = "said"  # AWS's own words
# What no code tells other processes: anything may stand there.
_LEFT_OUT_OF_CODES = (_SAID, "proxy")
# The parts of IAM's messages that name nobody: the action, and the kind of policy that does not allow it.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
_DENIAL = re.compile(
    r"is not authorized to perform: (?P<action>[a-z-]+:[A-Za-z]+) on resource: \S+ because no "
    r"(?P<kind>(?:identity|resource)-based policy|permissions boundary|(?:session|service control) policy) allows"
)
_LEFT_OUT = "…"
_MOST_SECONDS = 90  # longer durations are in minutes


class Caller(NamedTuple):
    """Whose call failed, and the source of their credentials.

    ``configure`` returns the remedy that uses another AWS profile for such calls, and ``texts`` are more texts that the
    rules for such calls name.
    """

    identity: Identity
    env: Mapping[str, str]
    source: CredentialSource
    configure: ConfigureHint
    texts: Mapping[str, str] = {}


def find_caller(
    identity: Identity,
    env: Mapping[str, str],
    configure: ConfigureHint | None = None,
    texts: Mapping[str, str] | None = None,
) -> Caller:
    """Return the caller by the environment and AWS's files as they are now; by default the call is for a registry."""
    source = credential_source.find_source(identity, env)
    return Caller(identity, env, source, configure or profile_hints.configure_hint(identity), texts or {})


def client_error(code: str, caller: Caller, /, **values: str) -> AwsError:
    """Return the error for one of this program's own codes, with ``values`` in its message."""
    return _filled(error_rules.find(CLIENT_RULES, code) or UNKNOWN_FAILURE, caller, (code,), values)


def service_error(caller: Caller, values: Mapping[str, str], rules: Iterable[ErrorRule] = ()) -> AwsError:
    """Return the error for AWS's error response: ``operation``, ``code``, HTTP ``status`` and what AWS ``said``.

    ``rules`` take precedence over those for all calls that are as specific.
    """
    denial = _DENIAL.search(values.get(_SAID, ""))
    if denial:
        values = {**values, "action": denial["action"], "kind": denial["kind"].replace(" ", "_")}
    status = values.get("status", "")
    default = SERVER_FAILURE if status.isdecimal() and int(status) >= SERVER_ERROR else REFUSED
    rule = error_rules.find((*rules, *SERVICE_RULES), values.get("code", ""), values.get("operation", ""))
    return _filled(rule or default, caller, (_FROM_AWS,), values)


def from_codes(codes: Sequence[str], identity: Identity, env: Mapping[str, str], service: str) -> AwsError | None:
    """Return the error that another process left as ``codes`` when it called ``service`` as the same identity.

    Anybody may have written the codes: a value that is not a code is ignored, and an unknown failure is None.
    """
    first, *words = codes or ("",)
    values = {name: third_party.code(value) for name, _, value in (word.partition("=") for word in words)}
    if first == _CLOCK:
        return wrong_clock(_number(values.get("ahead", "")))
    caller = find_caller(identity, env)
    if first == _FROM_AWS:
        return service_error(caller, values, rules_of(service))
    return client_error(first, caller, **values) if error_rules.find(CLIENT_RULES, first) else None


def rules_of(service: str) -> tuple[ErrorRule, ...]:
    """Return the rules that take precedence in a call for a token of that service, by botocore's name."""
    return PUBLIC_RULES if service == "ecr-public" else ()


def wrong_clock(ahead: float) -> ClockError:
    """Return the error if the system clock is so many seconds ahead of AWS's."""
    direction = "ahead of" if ahead > 0 else "behind"
    return ClockError(
        f"the system clock is {duration(abs(ahead))} {direction} AWS's",
        Remedy("set the clock", "timedatectl set-ntp true"),
        ahead,
    )


def duration(seconds: float) -> str:
    """Return a number of seconds as text for a person."""
    if seconds < _MOST_SECONDS:
        return f"{math.ceil(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"  # noqa: PLR2004


class _Texts(dict[str, str]):
    """The texts that a rule may name: the given values, and those that are looked up when a rule names them."""

    def __init__(self, values: Mapping[str, str], caller: Caller) -> None:
        super().__init__(values)
        self._caller = caller

    def __missing__(self, name: str) -> str:
        caller, source = self._caller, self._caller.source
        known: dict[str, Callable[[], str]] = {
            _SAID: self._said,
            "host": lambda: "AWS",
            "proxy": lambda: "in HTTPS_PROXY",
            "name": lambda: source.profile,
            "profile": lambda: source.profile,
            "source_option": lambda: source.source_option,
            "caller_option": lambda: source.caller_option,
            "bundle": lambda: input_files.ca_bundle(caller.identity, caller.env),
            "strerror": lambda: os.strerror(getattr(errno, self.get("errno", ""), 0)),
            "http_status": lambda: _status_line(self["status"]),
        }
        return known[name]() if name in known else caller.texts.get(name, _LEFT_OUT)

    def _said(self) -> str:
        """Return IAM's message about such a denial without the principal, or else the code."""
        if {"action", "kind"} <= self.keys():
            action, kind = self["action"], self["kind"].replace("_", " ")
            because = f"because no {kind} allows the {action} action"
            return f"User is not authorized to perform: {action} on resource: * {because}"
        return self.get("code") or self.get("name", _LEFT_OUT)


def _filled(rule: ErrorRule, caller: Caller, codes: tuple[str, ...], values: Mapping[str, str]) -> AwsError:
    sanitizers = {name: third_party.line if name in _USERS_OWN else third_party.text for name in values}
    texts = _Texts({name: sanitizers[name](value) for name, value in values.items() if value}, caller)
    codes += tuple(
        f"{name}={value}"
        for name, value in texts.items()
        if name not in _LEFT_OUT_OF_CODES and third_party.code(value) == value
    )
    code = texts.get("code")
    message = rule.message.format_map(texts).replace(f"{code}: {code}", f"{code}")
    return AwsError(message, _remedy(rule, texts, caller), codes)


def _remedy(rule: ErrorRule, texts: _Texts, caller: Caller) -> Remedy:
    text, command = rule.remedy.format_map(texts), rule.command.format_map(texts)
    operation = texts.get("operation", "")
    match rule.hint:
        case error_rules.NEW_CREDENTIALS:
            return caller.source.remedy(operation).prefixed(text)
        case error_rules.NEW_SESSION:
            return caller.source.remedy(operation, session_expired=True).prefixed(text)
        case error_rules.ANY_CREDENTIALS:
            return profile_hints.no_credentials_hint(caller.source, caller.configure)
        case error_rules.ANOTHER_PROFILE:
            return profile_hints.missing_profile_hint(
                texts["name"], caller.source.named_by, caller.identity, caller.env, caller.configure
            )
    return Remedy(text, command)


def _status_line(status: str) -> str:
    """Return an HTTP status with its standard phrase: a proxy may send any phrase."""
    import http  # only for proxies

    known = {f"{one.value}": f"{one.value} {one.phrase}" for one in http.HTTPStatus}
    return known.get(status, status)


def _number(word: str) -> float:
    return float(word) if word.removeprefix("-").isdecimal() else 0.0
