"""The fingerprint of an identity, computed without network access.

It is part of a cached token's name, so it must change whenever another principal could answer, and stay the same while
AssumeRole issues new access keys.
Therefore it covers what AWS's configuration says, and not the credentials that come from it.
hashlib is slow to import, so a cached ``get`` uses BLAKE2b's C module itself.

A variable that is set but empty counts as unset.
"""

from docker_credential_ecrx.identity.aws_profiles import Snapshot, decoded, normalized
from docker_credential_ecrx.identity.model import chosen_profile, first_profile
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
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
)
# Settings that change neither the principal nor an endpoint: the registry's region replaces the profile's.
_WITHOUT_EFFECT = (
    *("output", "region", "s3", "retry_mode", "max_attempts", "parameter_validation", "tcp_keepalive"),
    *("metadata_service_timeout", "metadata_service_num_attempts", "sdk_ua_app_id", "sso_registration_scopes"),
)
# With one of these in a profile, botocore asks neither a container nor an instance: it finds credentials, or fails.
_COMPLETE = (
    *(("aws_access_key_id",), ("credential_process",), ("sso_account_id",), ("sso_role_name",)),
    *(("role_arn", "source_profile"), ("role_arn", "web_identity_token_file")),
)
_ENDPOINT_KINDS = ("use_fips_endpoint", "use_dualstack_endpoint", "sts_regional_endpoints")
_ENDPOINT_KEYS = ("endpoint_url", "services", "ignore_configured_endpoint_urls", *_ENDPOINT_KINDS)


def fingerprint(identity: "Identity", env: "Mapping[str, str]", endpoint_url: str = "") -> str:
    """Return the fingerprint of ``identity`` as ``env`` and AWS's files define it now."""
    return fingerprint_in(Snapshot(env), identity, endpoint_url)


def fingerprint_in(snapshot: Snapshot, identity: "Identity", endpoint_url: str = "") -> str:
    """Return 32 hexadecimal digits for ``identity`` as the snapshot defines it.

    ``endpoint_url`` is where ECR is asked if config.toml says so: another endpoint issues another token.

    A Python without BLAKE2b computes other digits for the same identity, and so caches a token of its own.
    A missing or unreadable file counts as empty: fetching the token reports the error.
    """
    facts = _facts(identity, snapshot)
    if endpoint_url:
        facts = iter([("endpoint_url", endpoint_url), *facts])
    return hexdigest(_encoded(facts))


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
    # EKS sets it for every pod to the default, which has an effect only if a profile says otherwise.
    kind = env.get("AWS_STS_REGIONAL_ENDPOINTS")
    if kind and (kind != "regional" or _is_any(("sts_regional_endpoints",), snapshot)):
        yield "AWS_STS_REGIONAL_ENDPOINTS", kind
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
    yield from _of_profiles(identity, snapshot)


def _of_profiles(identity: "Identity", snapshot: Snapshot) -> "Iterator[Fact]":
    """Yield what determines the credentials of the profile that the identity begins with, and of what follows it."""
    env = snapshot.env
    # Only a chosen profile has to exist.
    yield "profile", chosen_profile(identity, env)
    own = _OwnSettings(first_profile(identity, env))
    for section, key, value in snapshot.chain(identity):
        own.add(section, key, value)
        if (key in _WITHOUT_EFFECT or key.startswith("cli_")) and not section.startswith("services"):
            continue
        yield "section", section, key, value
        if key == "web_identity_token_file":
            yield "token", *claims_in(value, snapshot)
        elif key == "credential_source" and value == "Environment":
            yield "key", env.get("AWS_ACCESS_KEY_ID") or None
    yield from _variables(("AWS_LOGIN_CACHE_DIRECTORY",), env)
    if own.are_complete():
        return
    # The last resort of every other chain.
    yield from _variables(_OUTSIDE_PROFILES, env)
    for name in _CONTAINER_TOKENS:
        if env.get(name):
            is_file = name.endswith("_FILE")
            yield (
                name,
                *(claims_in(env[name], snapshot, of_pod=True) if is_file else _claims_of(env[name], of_pod=True)),
            )


class _OwnSettings:
    """The settings of the profile that a chain begins with, as far as it is certain that botocore uses them."""

    __slots__ = ("_heads", "_is_own", "_keys", "_name", "_places")

    def __init__(self, name: str) -> None:
        self._name = normalized(name)
        is_plain = self._name == name and " " not in name
        self._heads = (f"credentials [{name}", f"config [profile {name}", "config [default") if is_plain else ()
        self._keys: set[str] = set()
        self._places: list[str] = []  # the file of each section of that name
        self._is_own = False

    def add(self, section: str, key: str, value: str) -> None:
        """Add a setting, as ``Snapshot.chain`` yields it."""
        if not key:
            self._is_own = section == self._name and value in self._heads
            if section == self._name:
                self._places.append(value.partition(" ")[0])
        elif self._is_own or key == "credential_source":  # in any profile of the chain
            self._keys.add(key)

    def are_complete(self) -> bool:
        """Return whether botocore asks neither a container nor an instance, whatever the rest of the chain says."""
        # Of several sections for one profile in one file, the last one counts, and not the others.
        if len(self._places) != len({*self._places}) or "credential_source" in self._keys:
            return False
        return any(self._keys.issuperset(keys) for keys in _COMPLETE)


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
    is_any = _is_any(("endpoint_url", *_ENDPOINT_KINDS), snapshot)
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


def _is_any(keys: "tuple[str, ...]", snapshot: Snapshot) -> bool:
    """Return whether one of AWS's files has one of the keys for endpoints anywhere."""
    texts = [decoded(content or b"").lower() for _, _, content in snapshot.files()]
    return any("endpoint" in text and any(key in text for key in keys) for text in texts)


def claims_in(path: str, snapshot: Snapshot, *, of_pod: bool = False) -> "tuple[str, ...]":
    """Return the claims of the web identity token in the file ``path``, which is replaced every hour."""
    content = snapshot.read(path)
    return ("no file",) if content is None else _claims_of(decoded(content), of_pod=of_pod)


def _claims_of(token: str, *, of_pod: bool = False) -> "tuple[str, ...]":
    from docker_credential_ecrx.identity.web_identity import claims_of  # few identities have a token

    return claims_of(token, of_pod=of_pod)
