"""The check of the clock, by which AWS accepts or refuses signatures."""

from docker_credential_ecrx.aws import authorization_token, failures
from docker_credential_ecrx.doctor.context import (
    CallerFacts,
    Context,
    Finding,
    IdentityFacts,
    TokenFacts,
    failed,
    passed,
    skipped,
)
from docker_credential_ecrx.errors import UnreachableError

_UNSEEN_SECONDS = 2  # the Date of a response has whole seconds


def check_clock(
    context: Context, profile: IdentityFacts, caller: CallerFacts | None, token: TokenFacts | None
) -> Finding:
    """Compare the clock with AWS's, unless STS has already kept another check waiting."""
    if caller is not None and not caller.is_reachable:
        return skipped('STS did not respond to the check "caller"')
    try:
        ahead = authorization_token.clock_ahead(context.region, profile.identity, context.env)
    except UnreachableError as error:
        if token is None:
            raise
        return skipped(error.message)
    seconds = abs(round(ahead))
    if seconds <= _UNSEEN_SECONDS:
        return passed("agrees with AWS's clock")
    where = f"{seconds:,} seconds {'ahead of' if ahead > 0 else 'behind'} AWS's clock"
    if seconds > failures.LONGEST_SKEW_SECONDS:
        return failed(f"{where}, so AWS refuses signatures", failures.SET_CLOCK)
    return passed(where)
