"""Who called AWS, and which call it was: what the message of a failure names."""

from collections.abc import Mapping
from typing import NamedTuple

from docker_credential_ecrx.aws.credential_source import CredentialSource
from docker_credential_ecrx.aws.profile_hints import ConfigureHint
from docker_credential_ecrx.identity.model import Identity


class Call(NamedTuple):
    """A call: the host that it was sent to, AWS's operation, and the role that it asked for; each may be empty.

    If the credentials of an instance or a container were asked for and not given, ``problem`` is the code of the rule
    for that, and ``status`` that of HTTP.
    """

    host: str = ""
    operation: str = ""
    role: str = ""
    problem: str = ""
    status: str = ""
    is_over: bool = False


class Caller(NamedTuple):
    """Whose ``call`` failed, and the source of their credentials.

    ``configure`` returns the remedy that uses another AWS profile for such calls, and ``texts`` are more texts that the
    rules for such calls name.
    """

    identity: Identity
    env: Mapping[str, str]
    source: CredentialSource
    call: Call
    configure: ConfigureHint
    texts: Mapping[str, str] = {}
