"""Explains failures that are due to the user's own input, before AWS is asked: variables, settings, files, programs.

botocore reads these without naming them: its exceptions are those of int(), open(), json and urlsplit().
"""

import errno
import hashlib
import json
import os
import re
import traceback
from collections.abc import Iterator

from botocore import exceptions

from docker_credential_ecrx.aws import credential_source, input_files, proxy_rules, setting_places
from docker_credential_ecrx.aws.caller import Caller
from docker_credential_ecrx.aws.failures import client_error
from docker_credential_ecrx.aws.setting_places import Setting
from docker_credential_ecrx.errors import AwsError, SignInNeededError
from docker_credential_ecrx.identity.aws_profiles import Snapshot, normalized

_RUNS_PROCESS = "_retrieve_credentials_using"  # botocore.credentials.ProcessProvider
_SECRETS = re.compile("SECRET|TOKEN$|ACCESS_KEY", re.IGNORECASE)
_URLS = re.compile("ENDPOINT(_URL.*)?$|_URI$", re.IGNORECASE)
# One of a few words belongs there, and a short word is a misspelled one.
_CHOICES = re.compile("(_MODE|STS_REGIONAL_ENDPOINTS|CREDENTIAL_SOURCE)$", re.IGNORECASE)
_WORD = re.compile("[A-Za-z0-9_-]{1,20}")
# The messages about a profile's settings quote its name, too.
_NAMES_OF_PROFILES = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
# How the messages of int() and float() begin.
_NOT_NUMBERS = {
    "invalid literal for int() with base 10": "it is not a whole number",
    "could not convert string to float": "it is not a number",
}
_CONTAINER_TOKENS = ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN")
_RELATIVE = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
_SIGN_INS = {"sso": "~/.aws/sso/cache", "login": "~/.aws/login/cache"}


def explain(error: BaseException, caller: Caller) -> AwsError | None:
    """Return the failure if the user's input is the cause, or else None."""
    if any(frame.name == _RUNS_PROCESS for frame in traceback.extract_tb(error.__traceback__)):
        return _process(error, caller)
    if isinstance(error, OSError):
        return _file(error, caller)
    file = _undecodable(caller) if isinstance(error, ValueError) else None
    if file is not None:
        return client_error("not-text", caller, path=file.value, name=file.name)
    found = _origin(error, caller)
    if found is not None:
        code = "invalid-setting" if found.section else "invalid-variable"
        said = {"said": _said(error, found), "code": type(error).__name__}
        return client_error(code, caller, name=found.name, at=found.at, **said)
    is_from_aws = isinstance(error, exceptions.BotoCoreError) or caller.call.host != ""
    return None if is_from_aws else _of_source(error, caller)


def _of_source(error: BaseException, caller: Caller) -> AwsError:
    """Return the failure of a credential source that has no exception of its own."""
    if caller.source.kind in _SIGN_INS:
        return _sign_in(caller)
    if caller.source.kind == "process":
        return client_error("process-invalid", caller)
    return client_error("invalid-configuration", caller, said=str(error) or type(error).__name__)


def _process(error: BaseException, caller: Caller) -> AwsError | None:
    """Return the failure of a credential_process that cannot be run, or whose output is not what botocore expects."""
    section = f"profile {normalized(caller.source.profile)}"
    setting = {"name": "credential_process", "at": Setting("credential_process", section, "", "").at}
    if isinstance(error, OSError):
        path = str(error.filename or "")
        return client_error("process-missing", caller, **setting, program=path, **reason(error))
    if isinstance(error, IndexError):
        return client_error("process-command", caller, **setting, said="it is empty")
    if isinstance(error, ValueError) and not isinstance(error, (UnicodeError, json.JSONDecodeError)):
        return client_error("process-command", caller, **setting, said=str(error))  # of shlex
    return None if isinstance(error, exceptions.BotoCoreError) else client_error("process-invalid", caller)


def _file(error: OSError, caller: Caller) -> AwsError | None:
    """Return the failure with the variable or the setting that names the file, if one does."""
    path = str(error.filename or "")
    named = next((setting for setting in _settings(caller) if path and setting.value == path), None)
    if named is None:
        return None
    return client_error("named-file", caller, path=path, name=named.name, **reason(error))


def reason(error: OSError) -> dict[str, str]:
    """Return the error's number, of which every process makes the same text, or else its type."""
    number = errno.errorcode.get(error.errno or 0, "")
    return {"errno": number} if number else {"strerror": type(error).__name__}


def _undecodable(caller: Caller) -> Setting | None:
    """Return what names a file with a web identity or container token that is not UTF-8 text."""
    snapshot = Snapshot(caller.env)
    paths = {*input_files.token_files(caller.identity, snapshot)}
    for setting in _settings(caller):
        if setting.value in paths:
            try:
                (snapshot.read(setting.value) or b"").decode("utf-8")
            except UnicodeDecodeError:
                return setting
    return None


def _origin(error: BaseException, caller: Caller) -> Setting | None:
    """Return the setting with a value that the exception quotes, or else one that should be a URL and is not."""
    if not isinstance(error, (exceptions.BotoCoreError, ValueError)):
        return None
    quoted = [str(error)]
    if isinstance(error, exceptions.BotoCoreError):
        # The message may list the values that are valid, which other settings have.
        quoted = [str(value) for name, value in error.kwargs.items() if not name.startswith("valid")]
    settings = [setting for setting in _settings(caller) if setting.value and not _SECRETS.search(setting.name)]
    settings.sort(key=lambda setting: setting.name in _NAMES_OF_PROFILES)
    for setting in settings:
        if any(_quotes(text, setting.value) for text in quoted):
            return setting
    urls = [setting for setting in settings if _URLS.search(setting.name)]
    if isinstance(error, exceptions.BotoCoreError):
        return next((setting for setting in urls if setting.value in str(error) and not _is_valid(setting)), None)
    if "Auth token" in str(error):  # botocore.credentials.ContainerProvider, which does not quote it
        return next((setting for setting in _settings(caller) if setting.name in _CONTAINER_TOKENS), None)
    hosts = (setting for setting in urls if (host := proxy_rules.host_of(setting.value)) and host in str(error))
    return next((setting for setting in urls if not _is_valid(setting)), None) or next(hosts, None)


def _said(error: BaseException, setting: Setting) -> str:
    """Return what is wrong with the setting's value, which may be a password, or contain one that is not escaped."""
    if _URLS.search(setting.name) and (not _is_valid(setting) or "Invalid endpoint" in str(error)):
        return "it is not a URL like https://HOST" if setting.name != _RELATIVE else "it does not begin with /"
    if isinstance(error, ValueError):
        return _NOT_NUMBERS.get(str(error).partition(":")[0], str(error).replace(setting.value, "…"))
    if _CHOICES.search(setting.name) and not _WORD.fullmatch(setting.value):
        return str(error).replace(setting.value, "…")
    return str(error)


def _quotes(text: str, value: str) -> bool:
    """Return whether ``text`` is the value, quotes it, or ends in it."""
    return text == value or f"'{value}'" in text or f'"{value}"' in text or text.endswith(f": {value}")


def _is_valid(setting: Setting) -> bool:
    """Return whether a setting is a URL, in which no password looks like the host, or the path of one."""
    text = setting.value
    if setting.name == _RELATIVE:
        return text.startswith("/")
    return text.startswith(("http://", "https://")) and bool(proxy_rules.place(text))


def _sign_in(caller: Caller) -> AwsError:
    """Return the failure of a session of ``aws sso login`` or ``aws login`` whose file is damaged."""
    own = credential_source.settings_of(caller.source.profile, caller.env)
    kind = caller.source.kind
    if kind == "sso":  # botocore.utils.SSOTokenLoader
        name = own.get("sso_session") or own.get("sso_start_url", "")
        key = hashlib.sha1(name.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
    else:  # botocore.utils.LoginTokenLoader
        key = hashlib.sha256(own.get("login_session", "").encode("utf-8", "surrogateescape")).hexdigest()
    folder = (kind == "login" and caller.env.get("AWS_LOGIN_CACHE_DIRECTORY")) or _SIGN_INS[kind]
    path = f"{os.path.expanduser(folder)}/{key}.json"  # noqa: PTH111 - pathlib's raises if there is no home
    found = client_error(f"{kind}-file", caller, path=path)
    return SignInNeededError(found.message, found.remedy, found.codes)


def _settings(caller: Caller) -> Iterator[Setting]:
    """Yield AWS's variables, and the settings of the profile and of the sections that it refers to."""
    yield from (Setting(name, "", value, "") for name, value in caller.env.items() if name.startswith("AWS_"))
    yield from setting_places.settings(caller.identity, caller.env)
