"""The fingerprint of an identity, computed without network access.

It is part of a cached token's name, so it must change whenever another principal could answer, and stay the same while
AssumeRole issues new access keys.
Therefore it covers what AWS's configuration says, and not the credentials that come from it.
hashlib is slow to import, so a cached ``get`` uses BLAKE2b's C module itself.

A variable that is set but empty counts as unset.
"""

from docker_credential_ecrx.identity.aws_profiles import Snapshot, decoded, normalized
from docker_credential_ecrx.identity.model import chosen_profile
from docker_credential_ecrx.system.fast_stdlib import hexdigest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from docker_credential_ecrx.identity.model import Identity

    # What the fingerprint covers: a name and the values for it; None is a value that is absent.
    Fact = tuple[str | None, ...]

# Where AWS's default chain finds credentials outside profiles; the address determines whose they are.
_OUTSIDE_PROFILES = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_IMDS_USE_IPV6",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_LOGIN_CACHE_DIRECTORY",
)
_CONTAINER_TOKENS = ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
_WEB_IDENTITY = ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_SESSION_NAME")
# The same principal has another token at another endpoint.
_ENDPOINTS = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_ECR",
    "AWS_ENDPOINT_URL_ECR_PUBLIC",
    "AWS_ENDPOINT_URL_SSO",
    "AWS_ENDPOINT_URL_SSO_OIDC",
    "AWS_ENDPOINT_URL_SIGNIN",
)
_ENDPOINT_KEYS = ("endpoint_url", "services", "ignore_configured_endpoint_urls")


def fingerprint(identity: "Identity", env: "Mapping[str, str]") -> str:
    """Return the fingerprint of ``identity`` as ``env`` and AWS's files define it now."""
    return fingerprint_in(Snapshot(env), identity)


def fingerprint_in(snapshot: Snapshot, identity: "Identity") -> str:
    """Return 32 hexadecimal digits for ``identity`` as the snapshot defines it.

    A Python without BLAKE2b computes other digits for the same identity, and so caches a token of its own.
    A missing or unreadable file counts as empty: fetching the token reports the error.
    """
    return hexdigest(_encoded(_facts(identity, snapshot)))


def _encoded(facts: "Iterable[Fact]") -> bytes:
    """Return bytes that no other list of facts gives: each fact has its number of fields, each field its length."""
    parts = []
    for fact in facts:
        parts.append(f"{len(fact)}(")
        parts += ["-" if field is None else f"{len(field)}:{field}" for field in fact]
    return "".join(parts).encode("utf-8", "surrogatepass")


def _facts(identity: "Identity", snapshot: Snapshot) -> "Iterator[Fact]":
    env = snapshot.env
    duration = identity.duration_seconds
    yield (
        "role",
        identity.role_arn,
        identity.external_id,
        identity.role_session_name,
        None if duration is None else str(duration),
    )
    yield from _variables((*_ENDPOINTS, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), env)
    if identity.web_identity is not None:
        yield "web identity", *_claims_of(identity.web_identity)
        yield from _endpoints(identity, snapshot)
        return
    if identity.profile is None:
        # Keys in the environment take precedence over AWS_PROFILE, but not over a chosen profile.
        # Only the endpoints of AWS_PROFILE's profile are used then.
        if env.get("AWS_ACCESS_KEY_ID"):
            yield from _variables(("AWS_ACCESS_KEY_ID",), env)
            yield from _endpoints(identity, snapshot)
            return
        yield from _variables(_WEB_IDENTITY, env)
        if env.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
            yield "token", *claims_in(env["AWS_WEB_IDENTITY_TOKEN_FILE"], snapshot)
    # Only a chosen profile has to exist.
    yield "profile", chosen_profile(identity, env)
    for section, key, value in snapshot.chain(identity):
        yield "section", section, key, value
        if key == "web_identity_token_file":
            yield "token", *claims_in(value, snapshot)
        elif key == "credential_source" and value == "Environment":
            yield "key", env.get("AWS_ACCESS_KEY_ID") or None
    # The last resort of every chain.
    yield from _variables(_OUTSIDE_PROFILES, env)
    for name in _CONTAINER_TOKENS:
        if env.get(name):
            yield name, *(claims_in(env[name], snapshot) if name.endswith("_FILE") else _claims_of(env[name]))


def _variables(names: "tuple[str, ...]", env: "Mapping[str, str]") -> "Iterator[Fact]":
    for name in names:
        if env.get(name):
            yield name, env[name]


def _endpoints(identity: "Identity", snapshot: Snapshot) -> "Iterator[Fact]":
    """Yield the endpoints in AWS's files, for an identity that uses nothing else in them.

    botocore reads them from the profile, which must exist if one is chosen.
    """
    name = chosen_profile(identity, snapshot.env)
    # Few files set an endpoint, and searching for the word takes a tenth of the time of a scan.
    is_any = any("endpoint_url" in decoded(content or b"").lower() for _, _, content in snapshot.files())
    if not is_any and name is None:
        return
    is_there = name is None
    for section, key, value in snapshot.chain(identity):
        is_there = is_there or section == normalized(name or "")
        # A setting in [DEFAULT] may be the name of a service.
        if is_any and (not key or key in _ENDPOINT_KEYS or section == "DEFAULT" or section.startswith("services")):
            yield "section", section, key, value
    if not is_there:
        yield "missing profile", name


def claims_in(path: str, snapshot: Snapshot) -> "tuple[str, ...]":
    """Return the claims of the web identity token in the file ``path``, which is replaced every hour."""
    content = snapshot.read(path)
    return ("no file",) if content is None else _claims_of(decoded(content))


def _claims_of(token: str) -> "tuple[str, ...]":
    from docker_credential_ecrx.identity.web_identity import claims_of  # few identities have a token

    return claims_of(token)
