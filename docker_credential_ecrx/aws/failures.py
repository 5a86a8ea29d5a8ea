"""Tells of what failed between this program and AWS, by the sentences of ``way_errors``.

A failure's codes are all that one process leaves to those that wait for it: words of A-Z, a-z, 0-9 and a few signs.
``told_again`` makes the sentence of them that ``told`` made, but for what AWS said in words of its own.
"""

import errno
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, NoReturn

from docker_credential_ecrx.aws import credential_source
from docker_credential_ecrx.aws.client_errors import (
    ANSWERS,
    FAILED,
    OWN,
    PUBLIC,
    REFUSED,
    SERVER_ERROR,
    UNKNOWN,
    ErrorRule,
    ca_bundle,
)
from docker_credential_ecrx.aws.credential_source import Choose, CredentialSource
from docker_credential_ecrx.errors import AwsError, ClockError, Remedy
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.sanitizer import third_party

_OF_AWS = "aws"  # the first code where it was AWS that answered
_OF_THE_USER = ("name", "path", "profile", "bundle")  # which a remedy repeats
_SAID = "said"  # what AWS said is in no code
# Of what IAM says, what is no name of anybody's: the action, and the kind of policy that does not allow it.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
_DENIAL = re.compile(
    r"is not authorized to perform: (?P<action>[a-z-]+:[A-Za-z]+) on resource: \S+ because no "
    r"(?P<kind>(?:identity|resource)-based policy|permissions boundary|(?:session|service control) policy) allows"
)
_LEFT_OUT = "…"
_SECONDS_TOLD = 90


class Facts(NamedTuple):
    """Whose call failed, and where their credentials come from; ``choose`` has another AWS profile make such calls."""

    identity: Identity
    env: Mapping[str, str]
    origin: CredentialSource
    choose: Choose


def facts_of(identity: Identity, env: Mapping[str, str], choose: Choose | None = None) -> Facts:
    """Return what the environment and AWS's files say now; without ``choose`` the calls are those of a registry."""
    origin = credential_source.origin_of(identity, env)
    return Facts(identity, env, origin, choose or credential_source.configure_hint(identity))


def told(key: str, facts: Facts, **values: str) -> AwsError:
    """Return the failure that ``key`` stands for among our own, with ``values`` in its sentence."""
    rule = next((rule for rule in OWN if key in rule.codes), UNKNOWN)
    return _filled(rule, facts, (key,), values)


def fail(key: str) -> NoReturn:
    """Raise the failure that ``key`` stands for among our own, where its sentence has nothing to fill in."""
    rule = next(rule for rule in OWN if key in rule.codes)
    raise AwsError(rule.message, Remedy(rule.remedy, rule.command), (key,))


def told_of_aws(facts: Facts, values: Mapping[str, str], answers: Sequence[ErrorRule] = ()) -> AwsError:
    """Return the failure that AWS answered with: ``operation``, ``code``, HTTP's ``status`` and what it ``said``.

    ``answers`` go before those that any call may get.
    """
    denial = _DENIAL.search(values.get(_SAID, ""))
    if denial:
        values = {**values, "action": denial["action"], "kind": denial["kind"].replace(" ", "_")}
    operation, code = values.get("operation", ""), values.get("code", "")
    status = values.get("status", "")
    default = FAILED if status.isdecimal() and int(status) >= SERVER_ERROR else REFUSED
    rules = (rule for rule in (*answers, *ANSWERS) if code in rule.codes and operation.startswith(rule.operation))
    return _filled(next(rules, default), facts, (_OF_AWS,), values)


def told_again(codes: Sequence[str], identity: Identity, env: Mapping[str, str], service: str) -> AwsError | None:
    """Return the failure that another process left as ``codes``, who asked ``service`` as the same identity.

    What it left may be anybody's: what is no code is left out, and there may be no such failure.
    """
    key, *words = codes or ("",)
    values = {name: third_party.code(value) for name, _, value in (word.partition("=") for word in words)}
    if key == "clock":
        return wrong_clock(_number(values.get("ahead", "")))
    facts = facts_of(identity, env)
    if key == _OF_AWS:
        return told_of_aws(facts, values, answers_of(service))
    return told(key, facts, **values) if any(key in rule.codes for rule in OWN) else None


def answers_of(service: str) -> tuple[ErrorRule, ...]:
    """Return what only a call for a token of that service of botocore's may get."""
    return PUBLIC if service == "ecr-public" else ()


def wrong_clock(ahead: float) -> ClockError:
    """Return the failure of a clock that is so many seconds ahead of AWS's."""
    direction = "ahead of" if ahead > 0 else "behind"
    message = f"the clock here is {duration(abs(ahead))} {direction} AWS's"
    return ClockError(message, "set the clock: timedatectl set-ntp true", ahead)


def duration(seconds: float) -> str:
    """Return so many seconds as a person says it."""
    if seconds < _SECONDS_TOLD:
        return f"{math.ceil(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"  # noqa: PLR2004


class _Words(dict[str, str]):
    """The words that a sentence may ask for: the values that it was given, and what the facts say, once asked for."""

    def __init__(self, values: Mapping[str, str], facts: Facts) -> None:
        super().__init__(values)
        self._facts = facts

    def __missing__(self, name: str) -> str:
        facts, operation = self._facts, self.get("operation", "")
        origin = facts.origin
        known: dict[str, Callable[[], str]] = {
            _SAID: self._said,
            "asked": lambda: origin.asked,
            "option": lambda: origin.option,
            "profile": lambda: origin.profile,
            "renewal": lambda: origin.renewal(operation),
            "renewal_of_session": lambda: origin.renewal(operation, of_session=True),
            "nowhere": lambda: credential_source.no_credentials_hint(origin, facts.choose),
            "missing": self._missing,
            "name": lambda: origin.profile,
            "bundle": lambda: ca_bundle(facts.identity, facts.env),
            "strerror": lambda: os.strerror(getattr(errno, self.get("errno", ""), 0)),
            "answer": lambda: _status_line(self["status"]),
        }
        return known.get(name, lambda: _LEFT_OUT)()

    def _said(self) -> str:
        """Return what IAM says of such a denial but for the principal, or else the code."""
        if {"action", "kind"} <= self.keys():
            action, kind = self["action"], self["kind"].replace("_", " ")
            because = f"because no {kind} allows the {action} action"
            return f"User is not authorized to perform: {action} on resource: * {because}"
        return self.get("code") or self.get("name", _LEFT_OUT)

    def _missing(self) -> str:
        facts = self._facts
        return credential_source.missing_profile_hint(
            self["name"], facts.origin.named_by, facts.identity, facts.env, facts.choose
        )


def _filled(rule: ErrorRule, facts: Facts, codes: tuple[str, ...], values: Mapping[str, str]) -> AwsError:
    doors = {name: third_party.line if name in _OF_THE_USER else third_party.text for name in values}
    words = _Words({name: doors[name](value) for name, value in values.items() if value}, facts)
    codes += tuple(
        f"{name}={value}" for name, value in words.items() if name != _SAID and third_party.code(value) == value
    )
    code = words.get("code")
    message = rule.message.format_map(words).replace(f"{code}: {code}", f"{code}")
    return AwsError(message, Remedy(rule.remedy.format_map(words), rule.command.format_map(words)), codes)


def _status_line(status: str) -> str:
    """Return the status with HTTP's own words for it: a proxy may say anything."""
    import http  # for proxies alone

    known = {f"{one.value}": f"{one.value} {one.phrase}" for one in http.HTTPStatus}
    return known.get(status, status)


def _number(word: str) -> float:
    return float(word) if word.removeprefix("-").isdecimal() else 0.0
