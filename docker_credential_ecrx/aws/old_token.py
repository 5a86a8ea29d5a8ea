"""Finds the session token of an earlier key: ``aws configure`` replaces a key, and leaves the token next to it."""

from collections.abc import Mapping

from docker_credential_ecrx.aws import setting_places
from docker_credential_ecrx.aws.credential_source import CredentialSource
from docker_credential_ecrx.identity.aws_profiles import normalized
from docker_credential_ecrx.identity.model import Identity

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
_LONG_TERM = "AKIA"


def find(source: CredentialSource, env: Mapping[str, str]) -> str:
    """Return where the source's profile has a session token next to a user's key, or an empty text."""
    if source.kind != "keys":
        return ""
    section = f"profile {normalized(source.profile)}"
    own = [each for each in setting_places.settings(Identity(source.profile), env) if each.section == section]
    keys = {each.place for each in own if each.name == "aws_access_key_id" and each.value.startswith(_LONG_TERM)}
    return next((each.place for each in own if each.name == "aws_session_token" and each.place in keys), "")
