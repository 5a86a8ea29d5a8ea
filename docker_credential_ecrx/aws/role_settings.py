"""Finds the setting that a parameter of AssumeRole came from: in config.toml, in AWS's files, or in a variable.

STS and botocore call the parameters by their own names, and neither knows who set one.
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

import difflib
from collections.abc import Iterator, Mapping

from docker_credential_ecrx.aws import credential_source, error_rules, setting_places
from docker_credential_ecrx.identity.aws_profiles import normalized
from docker_credential_ecrx.identity.model import Identity

# The keys of config.toml and AWS's files, by the parameter's name in lower case.
_KEYS = {
    "durationseconds": "duration_seconds",
    "rolesessionname": "role_session_name",
    "externalid": "external_id",
    "rolearn": "role_arn",
    "serialnumber": "mfa_serial",
    "webidentitytoken": "web_identity_token_file",
}
_VARIABLES = {
    "role_arn": "AWS_ROLE_ARN",
    "role_session_name": "AWS_ROLE_SESSION_NAME",
    "web_identity_token_file": "AWS_WEB_IDENTITY_TOKEN_FILE",
}
_INVALID_ARN = "request arn is invalid"  # as STS says it of a role
_SETTINGS = frozenset((*_KEYS.values(), "source_profile", "credential_source"))  # which are not misspelled
_CHAINED_SECONDS = 3600
# The kinds of source whose credentials are a role's session.
_ROLES = ("sso", "web identity", "container", "instance")


def key_in(said: str) -> str:
    """Return the key for the parameter that STS or botocore complains about, or an empty text."""
    text = said.lower().replace(_INVALID_ARN, "rolearn")
    found = [(text.find(parameter), key) for parameter, key in _KEYS.items() if parameter in text]
    return min(found, default=(0, ""))[1]


def place_of(key: str, said: str, identity: Identity, env: Mapping[str, str]) -> str:
    """Return what a person fixes: the key and where it is, by the value that was ``said`` if it has several places."""
    places = [*_places(key, identity, env)]
    quoted = (place for place, value in places if f"'{value}'" in said or f" {value}" in said)
    return next(quoted, places[0][0] if places else "the settings of the role")


def place_of_role(role: str, identity: Identity, env: Mapping[str, str]) -> str:
    """Return the key that names the role, and where it is; an empty text if none does."""
    return next((place for place, value in _places("role_arn", identity, env) if value == role), "")


def lacks_role(profile: str, env: Mapping[str, str]) -> bool:
    """Return whether the profile has a source for a role, but no role."""
    own = credential_source.settings_of(profile, env)
    return "source_profile" in own and "role_arn" not in own


def add_role(profile: str, env: Mapping[str, str]) -> str:
    """Return how to give a profile with a source its role: by renaming a misspelled key, if it has one."""
    return _renaming("role_arn", profile, env) or f"add role_arn to {_place_of('source_profile', profile, env)}"


def rename_source(profile: str, env: Mapping[str, str]) -> str:
    """Return how to rename the misspelled key that names a profile's source, or an empty text if there is none."""
    return _renaming("source_profile", profile, env) or _renaming("credential_source", profile, env)


def _renaming(key: str, profile: str, env: Mapping[str, str]) -> str:
    own = credential_source.settings_of(profile, env)
    similar = difflib.get_close_matches(key, (name for name in own if name not in _SETTINGS), 1)
    return f"rename {similar[0]} to {key} in {_place_of(similar[0], profile, env)}" if similar else ""


def _place_of(key: str, profile: str, env: Mapping[str, str]) -> str:
    return setting_places.place_of(key, f"profile {normalized(profile)}", Identity(profile), env)


def require_permitted(identity: Identity, env: Mapping[str, str]) -> None:
    """Raise AwsError if the session of config.toml's role would be longer than STS permits in role chaining.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
    """
    if (identity.duration_seconds or 0) <= _CHAINED_SECONDS:
        return
    source = credential_source.find_source(Identity(identity.profile), env)
    if source.is_role or source.kind in _ROLES:
        raise error_rules.error("role-chaining")


def _places(key: str, identity: Identity, env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each place where the key is set, and its value there; none for an empty key."""
    if not key:
        return
    own = getattr(identity, key, None)
    if own is not None:
        place = f"{key} in config.toml" if identity.web_identity is None else "the role of the service account"
        yield place, str(own)
    for setting in setting_places.settings(identity, env):
        if setting.name == key:
            yield f"{key} in {setting.place}", setting.value
    variable = _VARIABLES.get(key, "")
    if identity.profile is None and env.get(variable):
        yield variable, env[variable]
