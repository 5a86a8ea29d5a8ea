"""The texts that the rules of failures name: those that are given, and those that are looked up."""

import errno
import os
import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress

from docker_credential_ecrx.aws import (
    configured_endpoints,
    denials,
    key_check,
    proxy_rules,
    role_settings,
    setting_places,
    sso_sessions,
    trust,
)
from docker_credential_ecrx.aws.caller import Caller
from docker_credential_ecrx.aws.configured_endpoints import ConfiguredEndpoint
from docker_credential_ecrx.aws.setting_places import Setting
from docker_credential_ecrx.aws.trust import Trust
from docker_credential_ecrx.identity.aws_profiles import Snapshot
from docker_credential_ecrx.sanitizer import third_party, user_paths

SAID = "said"  # AWS's own words
_LEFT_OUT = "…"


class Texts(dict[str, str]):
    """The texts that a rule may name: the given values, and those that are looked up when a rule names them."""

    def __init__(self, values: Mapping[str, str], caller: Caller) -> None:
        super().__init__(values)
        self._caller = caller

    def __missing__(self, name: str) -> str:
        caller, source = self._caller, self._caller.source
        known: dict[str, Callable[[], str]] = {
            SAID: self._said,
            "host": lambda: "AWS",
            "call": self._call,
            "proxy": lambda: self._proxy()[0],
            "variable": lambda: self._proxy()[1],
            "through": lambda: proxy_rules.described(self.get("host", ""), caller.env),
            "endpoint": self._endpoint,
            "or_change": lambda: f", or {endpoint.change}" if (endpoint := self._configured()) else "",
            "curl": lambda: proxy_rules.curl(self.get("host", ""), caller.env),
            "name": lambda: source.profile,
            "profile": lambda: source.profile,
            "source_option": lambda: source.source_option,
            "caller_option": lambda: source.caller_option,
            "lack": self._lack,
            "allow": lambda: "end the explicit deny of" if denials.is_explicit(self) else "allow",
            "policy": lambda: denials.policy(self),
            "bundle": lambda: user_paths.shown(self._trust().bundle),
            "program": self._program,
            "origin": lambda: self._trust().origin,
            "character": lambda: key_check.describe(self.get("codepoint", "")),
            "setting": self._setting,
            "add_role": lambda: role_settings.add_role(source.profile, caller.env),
            "rename_source": lambda: role_settings.rename_source(source.profile, caller.env),
            "role_place": self._role_place,
            "section": lambda: third_party.text(self._found().section),
            "place": lambda: self._found().place,
            "config_file": lambda: setting_places.config_file(caller.env),
            "profile_files": lambda: (
                " or ".join(setting_places.files_of(self["profile"], caller.env)) or self["config_file"]
            ),
            "strerror": lambda: os.strerror(getattr(errno, self.get("errno", ""), 0)),
            "http_status": lambda: _status_line(self["status"]),
        }
        return known[name]() if name in known else caller.texts.get(name, _LEFT_OUT)

    def _found(self) -> Setting:
        name, at = self.get("name", ""), self.get("at", "")
        return setting_places.find(name, at, self._caller.identity, self._caller.env)

    def _trust(self) -> Trust:
        return trust.find(self._caller.identity, Snapshot(self._caller.env))

    def _lack(self) -> str:
        """Return what the SSO session lacks; it may no longer lack it."""
        lack = sso_sessions.find_lack(self._caller.identity, self._caller.env)
        return lack.what if lack else _LEFT_OUT

    def _proxy(self) -> tuple[str, str]:
        """Return the proxy's host and port, and the variable that sets it."""
        proxy, variable = proxy_rules.used_for(self.get("host", ""), self._caller.env)
        return (proxy.place if proxy else "") or f"in {variable}", variable

    def _program(self) -> str:
        """Return the program that a credential_process names; it may no longer name one."""
        with suppress(ValueError, IndexError):
            return user_paths.program(shlex.split(self._found().value)[0])
        return _LEFT_OUT

    def _configured(self) -> ConfiguredEndpoint | None:
        host, operation = self.get("host", ""), self.get("operation", "")
        return configured_endpoints.of_call(host, operation, self._caller.identity, self._caller.env)

    def _endpoint(self) -> str:
        endpoint = self._configured()
        return str(endpoint) if endpoint else self["host"]

    def _call(self) -> str:
        operation = self.get("operation") or "the request"
        return f"{operation} of {self['role']}" if self.get("role") else operation

    def _setting(self) -> str:
        key, caller = self.get("key", ""), self._caller
        # STS does not quote a role that is not valid.
        said = f"'{self['role']}'" if key == "role_arn" and self.get("role") else self.get(SAID, "")
        return role_settings.place_of(key, said, caller.identity, caller.env)

    def _role_place(self) -> str:
        place = role_settings.place_of_role(self.get("role", ""), self._caller.identity, self._caller.env)
        return f" ({place})" if place else ""

    def _said(self) -> str:
        """Return IAM's message about such a denial without the principal, or else the code."""
        return denials.describe(self) or self.get("code") or self.get("name", _LEFT_OUT)


def _status_line(status: str) -> str:
    """Return an HTTP status with its standard phrase: a proxy may send any phrase."""
    import http  # only for proxies

    known = {f"{one.value}": f"{one.value} {one.phrase}" for one in http.HTTPStatus}
    return known.get(status, status)
