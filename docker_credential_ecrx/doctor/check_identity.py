"""The identity checks: which identity gets the registry's token, and whether its profiles exist."""

import errno
import os

from docker_credential_ecrx.aws import (
    default_chain,
    error_rules,
    failures,
    input_files,
    profile_hints,
    profiles,
    sso_sessions,
    unknown_region,
)
from docker_credential_ecrx.config_files import cred_helpers
from docker_credential_ecrx.doctor import check_docker
from docker_credential_ecrx.doctor.context import Context, Finding, IdentityFacts, failed, passed, skipped
from docker_credential_ecrx.formatting import moment
from docker_credential_ecrx.helper import Helper
from docker_credential_ecrx.identity import nearest_rule, settings
from docker_credential_ecrx.identity.aws_profiles import Snapshot
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.store import cached_token
from docker_credential_ecrx.store.cached_token import Token


def check_identity(context: Context) -> Finding:
    """Find the identity and what names it, and whether Docker gets a token stored by ``docker login`` instead."""
    registry = context.registry
    linked = check_docker.docker_helpers(context).profile_for(context.host) if registry else None
    linked = linked or settings.profile_of(context.argv0)
    loaded = cred_helpers.settings_of(linked, context.env)
    if registry is None:
        identity = Identity(linked)
        return _found(_named(identity, linked, context), IdentityFacts(loaded, identity, None, None), context)
    loaded.require(registry)  # before anything that reads or shows a token
    login, cached = Helper(loaded, context.env).cached(registry)
    identity = loaded.identity_for(registry.host)
    facts = IdentityFacts(loaded, identity, login, cached)
    named = _named(identity, linked, context)
    if registry.host != registry.ecr_host:
        named = f"{named}; {registry.host} stands for {registry.ecr_host}"
    nearest = nearest_rule.describe(loaded, registry, settings.config_path(context.env))
    unknown = unknown_region.find(registry)
    region = f"{unknown.what}; {unknown.advice}" if unknown else ""
    named = "; ".join(filter(None, [named, nearest, region]))
    if login is None:
        return _found(named, facts, context)
    if is_chosen(identity):
        what = f"{named}; but Docker gets the token stored by docker login, which {expires(login)}"
        return failed(what, check_docker.logout(context), facts=facts)
    return passed(f"{stored_by_login(login, context)}; then {named}", facts)


def check_profile(context: Context, identity_facts: IdentityFacts) -> Finding:
    """Check that the profiles exist which the identity and its chain of source profiles name, and an SSO session."""
    identity = identity_facts.identity
    named_by = profile_hints.named_profiles(identity, context.env)
    known = profiles.profiles()
    for name, section in named_by.items():
        if name not in known and (path := input_files.unreadable(Snapshot(context.env))):
            raise error_rules.error("forbidden-file", path=path, strerror=os.strerror(errno.EACCES))
        if name not in known:
            configure = configure_hint(identity, context)
            hints = profile_hints.missing_profile_hint(name, section, identity, context.env, configure)
            what = f"the AWS profile {profile_hints.shown(name)} does not exist"
            what += f", which is the source_profile of {profile_hints.shown(section)}" if section else ""
            return failed(*input_files.explained(what, context.env, *hints))
    if sso_sessions.find_lack(identity, context.env):
        raise failures.client_error("sso-session", failures.find_caller(identity, context.env))
    if not named_by:
        return skipped("the AWS default credential chain needs no profile", identity_facts)
    return passed(", with source profile ".join(named_by), identity_facts)


def is_chosen(identity: Identity) -> bool:
    """Return whether the helper's name or config.toml names ``identity``; if not, it is AWS's default chain."""
    return bool(identity.profile or identity.role_arn)


def configure_hint(identity: Identity, context: Context) -> profile_hints.ConfigureHint:
    """Return what gives the command that configures another profile in place of ``identity``."""
    return profile_hints.configure_hint(identity, context.host or "HOST")


def stored_by_login(login: Token, context: Context) -> str:
    """Say that Docker gets what ``docker login`` stored, and until when."""
    return f"the token stored by docker login, which {expires(login)}, or after {check_docker.logout(context)}"


def expires(token: Token) -> str:
    """Say when a token expires."""
    now = cached_token.now()
    return f"expires {moment(now.utc + token.lifetime - (token.age(now) or 0.0), now.utc)}"


def _found(named: str, facts: IdentityFacts, context: Context) -> Finding:
    """Return the identity; the check is skipped if only the check of the caller finds out whether there is one."""
    if not is_chosen(facts.identity) and default_chain.may_lack_credentials(facts.identity, context.env):
        is_none = default_chain.is_instance_ignored(context.env)
        found = "no credentials found" if is_none else "this instance's role, if it has one"
        return skipped(f"{named}: {found}", facts)
    return passed(named, facts)


def _named(identity: Identity, linked: str | None, context: Context) -> str:
    """Name the identity, and what chose it: the helper's name, config.toml, a variable or AWS's files."""
    if linked is not None:
        return f"{identity} (from the helper name {PROGRAM}-{linked})"
    if is_chosen(identity):
        return f"{identity} (from {settings.config_path(context.env)})"
    return identity.describe(context.env)
