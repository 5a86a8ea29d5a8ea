"""The AWS checks: who the identity is to AWS, which role it assumes, and its token."""

from docker_credential_ecrx.aws import authorization_token, credential_source, input_files, profile_hints, profiles
from docker_credential_ecrx.aws.client_errors import MfaNeededError
from docker_credential_ecrx.config_files import cred_helpers
from docker_credential_ecrx.doctor import check_docker
from docker_credential_ecrx.doctor.check_identity import configure_hint, expires, is_chosen, stored_by_login
from docker_credential_ecrx.doctor.context import (
    CallerFacts,
    Context,
    Finding,
    IdentityFacts,
    TokenFacts,
    failed,
    failed_with,
    needs_result_of,
    passed,
    skipped,
)
from docker_credential_ecrx.errors import (
    AwsError,
    EcrxError,
    MfaCodeNeededError,
    NoAwsCredentialsError,
    Remedy,
    UnreachableError,
)
from docker_credential_ecrx.identity.model import Identity, first_profile
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.store import failure_context, item_names
from docker_credential_ecrx.store.token_cache import TokenCache, TokenRequest

_ANONYMOUS = "there are no AWS credentials; Docker pulls anonymously, which ECR Public permits"


def check_caller(context: Context, profile: IdentityFacts) -> Finding:
    """Ask STS which principal the identity is before it assumes a role."""
    identity = profile.identity
    arn, source = _role(identity, context)
    if arn and source is None:
        return skipped(f"no profile assumes {arn}")
    asked = source or identity
    try:
        caller = authorization_token.caller(context.region, asked, context.env)
    except MfaNeededError:
        return _mfa(str(asked), context, profile)
    except NoAwsCredentialsError as error:
        return _without_credentials(error, context, profile)
    except AwsError as error:
        if not isinstance(error, UnreachableError):
            raise
        facts = CallerFacts("", is_reachable=False)
        if arn or context.registry is None:
            return failed_with(error, context, facts)
        # If no role is assumed, get does not need STS, as in a subnet whose only endpoints are ECR's.
        return skipped(error.message, facts)
    return passed(caller, CallerFacts(caller))


def check_role(context: Context, profile: IdentityFacts, caller: CallerFacts | None) -> Finding:
    """Assume the identity's role."""
    arn, source = _role(profile.identity, context)
    if not arn:
        return skipped("no role is assumed; the caller requests the token itself", caller)
    if source is not None and (caller is None or not caller.is_reachable):
        return needs_result_of("caller")
    try:
        assumed = authorization_token.caller(context.region, profile.identity, context.env)
    except MfaNeededError:
        return _mfa(arn, context, profile)
    return passed(assumed, CallerFacts(assumed))


def check_token(
    context: Context, identity_facts: IdentityFacts, profile: IdentityFacts | None, caller: CallerFacts | None
) -> Finding:
    """Find the token that Docker gets, and have AWS issue one to see that this works."""
    loaded, identity, login, cached = identity_facts
    served = login or cached
    principal = caller.arn if caller and login is None else ""
    facts = TokenFacts(served.password, principal) if served else None
    if context.registry is None or profile is None or (caller is None and cached is None):
        if login is not None:
            return passed(stored_by_login(login, context), facts)
        return skipped("there is no principal that can request one", facts)
    if served is None:
        _, name = item_names.names_for(context.registry, loaded, context.env)
        request = TokenRequest(context.registry, identity, name)
        token = TokenCache(loaded.keyring, context.env).refresh(request)
        return passed(f"refreshed now, {expires(token)}", TokenFacts(token.password, principal))
    try:
        TokenCache("none", context.env).refresh(TokenRequest(context.registry, identity, name=""))
    except MfaCodeNeededError:
        pass  # Docker gets the token that exists
    except EcrxError as error:
        return failed_with(error, context, facts)
    return passed(stored_by_login(login, context) if login else f"cached, {expires(served)}", facts)


def _without_credentials(error: NoAwsCredentialsError, context: Context, profile: IdentityFacts) -> Finding:
    identity = profile.identity
    if context.is_public:
        return skipped(_ANONYMOUS)
    if profile.login is not None and not is_chosen(identity):
        return skipped("there are no AWS credentials; Docker gets the token stored by docker login")
    if "no-credentials" not in error.codes:
        return failed_with(error, context)
    source = credential_source.find_source(identity, context.env)
    hint = profile_hints.no_credentials_hint(source, configure_hint(identity, context))
    _, remedy = input_files.explained(error.message, context.env, hint)  # the message already says it
    missing = failure_context.no_files(context.env)
    return failed(f"{error.message} ({missing})" if missing else error.message, remedy)


def is_default_unused(context: Context) -> bool:
    """Return whether Docker is configured for registries, and none of them uses AWS's default chain."""
    docker = check_docker.docker_helpers(context)
    hosts = [registry.host for registry in docker.registries()]
    identities = [cred_helpers.settings_of(docker.profile_for(host), context.env).identity_for(host) for host in hosts]
    return bool(identities) and all(map(is_chosen, identities))


def _role(identity: Identity, context: Context) -> tuple[str, Identity | None]:
    """Return the ARN of the role that is assumed, or an empty string, and who assumes it if a profile or the chain."""
    if identity.role_arn is not None:
        return identity.role_arn, Identity(identity.profile)
    if context.env.get("AWS_ACCESS_KEY_ID") and identity.profile is None:
        return "", None
    name = first_profile(identity, context.env)
    found = profiles.profiles().get(name)
    if found is None:
        return "", None
    return found.role_arn, Identity(found.source) if found.source and found.source != name else None


def _mfa(identity: str, context: Context, profile: IdentityFacts) -> Finding:
    what = f"{identity} needs an MFA code"
    if profile.login is not None:
        return skipped(f"{what}; Docker gets the token stored by docker login")
    if profile.cached is not None:
        return passed(f"{what}; Docker gets the token that {PROGRAM} login fetched")
    return failed(f"{what}, which get cannot ask for", Remedy(command=f"{PROGRAM} login {context.host}".rstrip()))
