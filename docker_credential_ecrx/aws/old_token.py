"""Finds the session token of an earlier key, next to the user's key that replaced it.

``aws configure`` leaves it in the profile, and ``export AWS_ACCESS_KEY_ID`` in the environment.
"""

from collections.abc import Mapping

from docker_credential_ecrx.aws import setting_places
from docker_credential_ecrx.aws.credential_source import CredentialSource
from docker_credential_ecrx.errors import Remedy
from docker_credential_ecrx.identity.aws_profiles import normalized
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.system import shell

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
_LONG_TERM = "AKIA"
_SETTINGS = ("aws_session_token", "aws_security_token")  # the latter is boto 2's name, which botocore reads


def remedy(source: CredentialSource, env: Mapping[str, str]) -> Remedy | None:
    """Return how to remove a session token next to a user's key, or None if there is none."""
    if source.kind in ("variables", "named variables"):
        names = [name.upper() for name in _SETTINGS if env.get(name.upper())]
        if not names or not env.get("AWS_ACCESS_KEY_ID", "").startswith(_LONG_TERM):
            return None
        return Remedy("a key that begins with AKIA has no session token", shell.unset(*names))
    if source.kind != "keys":
        return None
    section = f"profile {normalized(source.profile)}"
    own = [each for each in setting_places.settings(Identity(source.profile), env) if each.section == section]
    keys = {each.place for each in own if each.name == "aws_access_key_id" and each.value.startswith(_LONG_TERM)}
    token = next((each for each in own if each.name in _SETTINGS and each.place in keys), None)
    return token and Remedy(f"delete {token.name} from {token.place}: a key that begins with AKIA has none")
