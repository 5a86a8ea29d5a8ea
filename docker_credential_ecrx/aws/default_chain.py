"""Whether AWS's default credential chain finds credentials, before anything is asked of AWS with them."""

from collections.abc import Mapping

from docker_credential_ecrx.aws.credential_source import find_source
from docker_credential_ecrx.identity.model import Identity, chosen_profile


def may_lack_credentials(identity: Identity, env: Mapping[str, str]) -> bool:
    """Return whether there is neither a profile nor anything else but an instance that may provide credentials."""
    return not chosen_profile(identity, env) and find_source(identity, env).kind == "instance"


def is_instance_ignored(env: Mapping[str, str]) -> bool:
    """Return whether a variable says that no instance is asked for credentials (botocore.utils.IMDSFetcher)."""
    return env.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true"


def lacks_credentials(identity: Identity, env: Mapping[str, str]) -> bool:
    """Return whether nothing provides credentials; asks the instance's metadata service if nothing else may."""
    if not may_lack_credentials(identity, env):
        return False
    from docker_credential_ecrx.aws import session  # slow to import
    from docker_credential_ecrx.aws.calls import Calls

    try:
        return session.open_session(identity, None, Calls()).get_credentials() is None
    except Exception:  # noqa: BLE001 - there may be some, and the next pull says what is wrong with them
        return False
