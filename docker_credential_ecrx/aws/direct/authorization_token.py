"""Fetches ECR's authorization token without an SDK, or leaves it to botocore."""

from docker_credential_ecrx import log
from docker_credential_ecrx.aws.direct.declined import DeclinedError
from docker_credential_ecrx.errors import AwsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docker_credential_ecrx.aws.direct.calls import Calls as _Calls
    from docker_credential_ecrx.aws.direct.connections import Connections as _Connections
    from docker_credential_ecrx.aws.issued_token import IssuedToken
    from docker_credential_ecrx.ecr.registry import Registry
    from docker_credential_ecrx.identity.aws_profiles import Snapshot
    from docker_credential_ecrx.identity.model import Identity
    from docker_credential_ecrx.system.deadline import Deadline


def fetch(
    registry: "Registry", identity: "Identity", snapshot: "Snapshot", deadline: "Deadline"
) -> "IssuedToken | None":
    """Return a new token as ``authorization_token.fetch`` does, or None if that has to fetch it.

    Raises AwsError, with the same messages.
    """
    calls: _Calls | None = None
    connections: _Connections | None = None
    try:
        from docker_credential_ecrx.aws.direct.plan import make_plan

        plan = make_plan(identity, snapshot)
        from docker_credential_ecrx.aws.direct.connections import Connections

        connections = Connections(plan, registry, snapshot.env, deadline.end)
        from docker_credential_ecrx.aws.direct.calls import Calls  # loaded while the connections are opened

        calls = Calls(plan, registry, connections, deadline)
        log.debug("asking AWS without botocore")
        return deadline.within(calls.token)
    except DeclinedError as declined:
        log.debug(f"asking AWS through botocore, because {declined}")
        return None
    except ImportError as missing:
        log.debug(f"asking AWS through botocore, because {missing.name} cannot be imported")
        return None
    except Exception as error:
        from docker_credential_ecrx.aws import failures
        from docker_credential_ecrx.aws.caller import Call
        from docker_credential_ecrx.aws.service_errors import explain

        failed = failures.find_caller(identity, snapshot.env, Call(*(calls.last if calls else ())))
        if isinstance(error, AwsError):
            raise failures.with_call(error, failed) from error
        raise explain(error, failed, failures.rules_of(registry.service)) from error
    finally:
        if connections is not None:
            connections.close()
