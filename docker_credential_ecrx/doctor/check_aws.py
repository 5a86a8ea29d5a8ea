"""AWS's side: whose identity answers, who that is to AWS, which role it assumes, and its token."""

from docker_credential_ecrx import helper, keyrings
from docker_credential_ecrx.aws import authorization_token, credential_source
from docker_credential_ecrx.aws.service_errors import MfaNeededError
from docker_credential_ecrx.config_files import cred_helpers
from docker_credential_ecrx.doctor import check_docker
from docker_credential_ecrx.doctor.context import Context, Finding, failed, passed, skipped
from docker_credential_ecrx.errors import KeyringError, MfaCodeNeededError, NoAwsCredentialsError, UnreachableError
from docker_credential_ecrx.formatting import moment
from docker_credential_ecrx.helper import Helper
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.identity.model import Identity, chosen_profile, first_profile
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.store import cached_token, refresh
from docker_credential_ecrx.store.cached_token import Token
from docker_credential_ecrx.store.refresh import TokenRequest

_NO_PROFILE = "that needs the identity and its profile"
_ANONYMOUS = "there are no AWS credentials, so docker pulls without a token, which works there"
_EACH = f"{PROGRAM} doctor HOST looks at the identity of each"


def identity(case: Context) -> Finding:
    """Find out whose identity answers and by what, and whether docker is served that of ``docker login`` instead."""
    host = case.registry.host if case.registry else ""
    linked = check_docker.docker_links(case).profile_for(host) if host else None
    linked = linked or settings.profile_of(case.argv0)
    case.settings = cred_helpers.settings_of(linked, case.env)
    if case.registry is not None:
        case.settings.require(case.registry)  # first, so that nothing after this gets or shows a token
        case.login, case.fresh = Helper(case.settings, case.env).kept(case.registry)
    identity = case.identity = case.settings.identity_for(host) if host else Identity(linked)
    named = _named(identity, linked, case)
    if case.login is None:
        return passed(named)
    if _is_chosen(identity):
        what = f"{named}; but docker is served what docker login stored, {_until(case.login)}"
        return failed(what, check_docker.logout(case))
    return passed(f"{_of_docker_login(case.login, case)}; then {named}")


def _is_chosen(identity: Identity) -> bool:
    """Return whether a link's name or config.toml names ``identity``; else it is AWS's default chain."""
    return bool(identity.profile or identity.role_arn)


def _named(identity: Identity, linked: str | None, case: Context) -> str:
    """Say who answers, and what names them: the link of a profile, config.toml or a variable."""
    if linked is not None:
        return f"{identity}, by the name {PROGRAM}-{linked}"
    if _is_chosen(identity):
        return f"{identity}, by {settings.config_path(case.env)}"
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_DEFAULT_PROFILE", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        if case.env.get(variable):
            return f"AWS's default chain, with {variable}"
    return "AWS's default chain: nothing names another"


def profile(case: Context) -> Finding:
    """Look whether there are the profiles that the identity and its chain name."""
    identity, case.identity = case.identity, None
    if identity is None:
        return skipped(_NO_PROFILE)
    first = chosen_profile(identity, case.env)
    known = credential_source.profiles()
    # Each with the section that names it.
    named = {} if first is None else {first: ""}
    section = first or "default"
    is_answered = identity.profile is None and bool(case.env.get("AWS_ACCESS_KEY_ID"))
    while not is_answered and section in known and (source := known[section].source) and source not in named:
        named[source] = section
        section = source
        is_answered = source in known and known[source].has_keys
    for name, section in named.items():
        if name not in known:
            remedy = credential_source.missing_profile_hint(name, section, identity, case.env, _choice(identity, case))
            return failed(f"there is no AWS profile {name}", remedy)
    case.identity = identity
    return passed(", from ".join(named)) if named else skipped("AWS's default chain needs none")


def caller(case: Context) -> Finding:
    """Ask AWS who the identity is before it assumes a role."""
    if case.identity is None:
        return skipped(_NO_PROFILE)
    arn, source = _role(case.identity, case)
    if arn and source is None:
        return skipped(f"{arn} is not assumed by another profile")
    asked = source or case.identity
    try:
        case.caller = authorization_token.caller(case.region, asked, case.env)
    except MfaNeededError:
        return _mfa(str(asked), case)
    except NoAwsCredentialsError as error:
        return _without_credentials(error, case.identity, case)
    except UnreachableError as error:
        if arn or case.image is None:
            raise
        # Where no role is assumed, get asks STS nothing, as in a subnet with endpoints of ECR's alone.
        case.is_unseen = True
        return skipped(error.message)
    return passed(case.caller)


def role(case: Context) -> Finding:
    """Assume the identity's role."""
    identity = case.identity
    if identity is None:
        return skipped(_NO_PROFILE)
    arn, source = _role(identity, case)
    if not arn:
        return skipped("none is assumed: the caller itself asks for the token")
    if source is not None and not case.caller:
        return skipped(f"{arn}: there is nobody to assume it")
    case.caller = ""
    try:
        case.caller = authorization_token.caller(case.region, identity, case.env)
    except MfaNeededError:
        return _mfa(arn, case)
    return passed(case.caller)


def token(case: Context) -> Finding:
    """Find the token that docker is served, and have AWS mint one to see that this works."""
    served = case.login or case.fresh
    case.password = served.password if served else None
    is_askable = case.caller or case.is_unseen or case.fresh is not None
    if case.identity is None or case.registry is None or case.settings is None or not is_askable:
        return passed(_of_docker_login(case.login, case)) if case.login else skipped("there is nobody to ask for one")
    try:
        if served is None:
            _, name = helper.item_names(case.registry, case.settings, case.env)
            request = TokenRequest(case.registry, case.identity, name)
            minted = refresh.refresh_token(request, _keyring(case), case.env)
            case.password = minted.password
            return passed(f"minted now, {_until(minted)}")
        refresh.refresh_token(TokenRequest(case.registry, case.identity, name=""), None, case.env)
    except MfaCodeNeededError:
        if served is None:
            raise
    return passed(_of_docker_login(served, case) if case.login else f"kept for docker, {_until(served)}")


def _of_docker_login(login: Token, case: Context) -> str:
    """Say that docker is served what ``docker login`` stored, and until when."""
    return f"what docker login stored, {_until(login)}, or {check_docker.logout(case)}"


def _until(found: Token) -> str:
    now = cached_token.now()
    return f"until {moment(now.utc + found.lifetime - (found.age(now) or 0.0), now.utc)}"


def _without_credentials(error: NoAwsCredentialsError, identity: Identity, case: Context) -> Finding:
    if case.is_public:
        return skipped(_ANONYMOUS)
    if case.login is not None and case.identity is not None and not _is_chosen(case.identity):
        return skipped("there are no AWS credentials, and docker is served what docker login stored")
    if case.image is None and _is_default_unused(case):
        return skipped(f"AWS's default chain has no credentials, and no registry here needs it: {_EACH}")
    return failed(
        error.message,
        credential_source.no_credentials_hint(credential_source.origin_of(identity, case.env), _choice(identity, case)),
    )


def _choice(identity: Identity, case: Context) -> credential_source.Choose:
    return credential_source.configure_hint(identity, case.registry.host if case.registry else "HOST")


def _is_default_unused(case: Context) -> bool:
    """Return whether docker asks for registries, and each as an identity that is not AWS's default chain."""
    docker = check_docker.docker_links(case)
    hosts = [registry.host for registry in docker.registries()]
    identities = [cred_helpers.settings_of(docker.profile_for(host), case.env).identity_for(host) for host in hosts]
    return bool(identities) and all(map(_is_chosen, identities))


def _keyring(case: Context) -> "keyrings.Keyring | None":
    try:
        return keyrings.for_tokens(case.settings.keyring) if case.settings else None
    except KeyringError:
        return None


def _role(identity: Identity, case: Context) -> tuple[str, Identity | None]:
    """Return the ARN of the role that is assumed, if any, and who assumes it, where that is a profile or the chain."""
    if identity.role_arn is not None:
        return identity.role_arn, Identity(identity.profile)
    if case.env.get("AWS_ACCESS_KEY_ID") and identity.profile is None:
        return "", None
    name = first_profile(identity, case.env)
    found = credential_source.profiles().get(name)
    if found is None:
        return "", None
    return found.role_arn, Identity(found.source) if found.source and found.source != name else None


def _mfa(identity: str, case: Context) -> Finding:
    if case.login is not None:
        return skipped(f"{identity}: it wants an MFA code, and docker is served what docker login stored")
    if case.fresh is not None:
        return passed(f"{identity}: it wants an MFA code, and docker is served the token that login got with one")
    login = f"{PROGRAM} login {case.registry.host}" if case.registry else f"{PROGRAM} login"
    return failed(f"{identity}: it wants an MFA code, which nobody is asked for while docker waits", login)
