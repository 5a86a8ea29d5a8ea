"""The direct way makes the same calls as botocore, with the same keys, or leaves the identity to botocore."""

import os
from pathlib import Path

from fuzz.helpers import folder, fuzzed
from fuzz.test_fingerprints import Drawn, drawn

from docker_credential_ecrx.aws.direct.declined import DeclinedError
from docker_credential_ecrx.aws.direct.keys import ContainerEndpoint, InstanceEndpoint, WebIdentity
from docker_credential_ecrx.aws.direct.plan import Plan, make_plan
from docker_credential_ecrx.identity.aws_profiles import Snapshot
from docker_credential_ecrx.identity.model import Identity
from support.resolution import NOBODY, resolution, subject, there

_KINDS = [False, False]  # neither FIPS nor dual-stack: the direct way leaves these to botocore


def planned(plan: Plan) -> str:
    """Return what a plan does in the words of ``resolution``."""
    key = _first_key(plan)
    for role in plan.roles:
        key = _session("AssumeRole", role, key)
    return "; ".join(
        f"{service} in None at {_endpoint(service)} {_KINDS} by {key}" for service in ("ecr", "ecr-public")
    )


def _first_key(plan: Plan) -> str:
    source = plan.source
    if isinstance(source, WebIdentity):
        request = {**source.parameters, "WebIdentityToken": subject(source.token)}
        return _session("AssumeRoleWithWebIdentity", request, NOBODY)
    if isinstance(source, ContainerEndpoint):
        return f"({source.url} shown {subject(source.authorization or '')})"
    if isinstance(source, InstanceEndpoint):
        separator = "" if source.url.endswith("/") else "/"
        return f"({source.url}{separator}latest/meta-data/iam/security-credentials/name shown )"
    return source.access_key_id


def _session(operation: str, request: dict[str, str], key: str) -> str:
    told: dict[str, object] = dict(sorted(request.items()))
    if str(told["RoleSessionName"]).startswith("botocore-session-"):
        del told["RoleSessionName"]
    if "DurationSeconds" in told:
        told["DurationSeconds"] = int(str(told["DurationSeconds"]))
    endpoint = _endpoint("sts")
    kinds = _KINDS if endpoint else [*_KINDS, "regional"]
    return f"({operation} {told} at sts in None at {endpoint} {kinds} by {key})"


def _endpoint(service: str) -> str | None:
    return (
        os.environ.get(f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}")
        or os.environ.get("AWS_ENDPOINT_URL")
        or None
    )


def plan_of(identity: Identity) -> str | None:
    """Return what the direct way does for ``identity`` here and now, or None if it declines."""
    try:
        return planned(make_plan(identity, Snapshot(os.environ)))
    except DeclinedError:
        return None


@fuzzed(drawn())
def test_plan_is_what_botocore_does(drawn_situations: list[Drawn]) -> None:
    home = Path(folder())
    for situation in (one.situation() for one in drawn_situations):
        with there(situation, home):
            plan = plan_of(situation.identity)
            assert plan in (None, resolution(situation.identity))
