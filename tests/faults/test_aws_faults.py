"""Errors, missing responses and invalid responses of AWS: get gives a line with cause and remedy, or a reply."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from faults.helpers import ASSUME, ASSUMING, FAKE, FETCH, World, refusal

from docker_credential_ecrx.demo.fake_aws import HttpResponse
from fakes import faults
from support.forms import in_one_form
from support.home import BASE_USER, HOST, ROLE, SECONDARY

Arrange = Callable[[World], None]

pytestmark = in_one_form
SESSION = f"arn:aws:sts::{SECONDARY}:assumed-role/puller/session"
NOT_TRUSTED = f"User: {BASE_USER} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
NOT_IN_OWN = "because no identity-based policy allows the sts:AssumeRole action"
NOT_ALLOWED = (
    f"User: {SESSION} is not authorized to perform: ecr:GetAuthorizationToken on resource: * "
    "because no identity-based policy allows the ecr:GetAuthorizationToken action"
)
ENDED = "The security token included in the request is expired"
TRUST = "then allow sts:AssumeRole in the role's trust policy and in the caller's own policy"
IN_PROFILE = "role_arn in [profile secondary] of {home}/.aws/config"
ALLOW = "allow ecr:GetAuthorizationToken in the principal's own policy"
NEW_SESSION = "get new keys, with their aws_session_token, for profile base"
CLOCK = "set the clock: timedatectl set-ntp true"
LATER = "try again in a moment"
NETWORK = "check the network, or unset AWS_ENDPOINT_URL"
IN_BETWEEN = "check AWS_ENDPOINT_URL and the proxy"
AGAIN = f"try again; if it fails again, {IN_BETWEEN}"
BROKEN = "the connection to 127.0.0.1 was closed during {}"
STRANGE = "the response from AWS is not valid ({})"
ASSUME_AT, FETCH_AT = f"{ASSUMING} at {FAKE}", f"GetAuthorizationToken at {FAKE}"
CALLS = {ASSUME: ASSUME_AT, FETCH: FETCH_AT}
PAGE = faults.body(b"<html><body>Sign in to the network</body></html>")
OOPS = faults.error("InternalFailure", "We encountered an internal error.", 500)


def at(operation: str, fault: faults.Fault) -> Arrange:
    """Return what makes AWS answer ``operation`` with ``fault``."""
    return lambda world: world.aws.fail(operation, fault)


def after(seconds: int, fault: faults.Fault) -> faults.Fault:
    """Return ``fault`` with a Retry-After header of AWS."""

    def answer(honest: HttpResponse) -> HttpResponse:
        # The fake AWS's responses have no headers of their own.
        faulty = fault(honest)
        return faulty._replace(content_type=f"{faulty.content_type}\r\nRetry-After: {seconds}")

    return answer


def distrust(world: World) -> None:
    """Make the role trust another principal."""
    world.aws.add_role(ROLE, trusts=["999999999999"])


def clock(operation: str, hours: float) -> Arrange:
    """Return what offsets AWS's clock by that much; ``operation`` is the first to see it."""

    def arrange(world: World) -> None:
        if operation == FETCH:
            world.set_profile(region="us-east-1")
            world.home.add_keys("secondary", world.aws.add_user(SECONDARY, "secondary"))
        world.aws.clock_offset = hours * 3600

    return arrange


def base_keys(**changes: str) -> Arrange:
    """Return what gives the source profile keys that AWS rejects."""

    def arrange(world: World) -> None:
        (world.home.folder / ".aws" / "credentials").unlink()
        world.home.add_keys("base", world.aws.add_user(SECONDARY, "base")._replace(**changes))

    return arrange


def end_session(world: World) -> None:
    """Give the source profile the keys of an expired role session."""
    (world.home.folder / ".aws" / "credentials").unlink()
    keys = world.aws.open_session(SECONDARY, "base", "me")
    world.aws.end_session(keys)
    world.home.add_keys("base", keys)


def old_token(world: World) -> None:
    """Give the source profile a new key beside the token of an earlier session, as ``aws configure`` does."""
    token = str(world.aws.open_session(SECONDARY, "puller", "me").session_token)
    base_keys(session_token=token)(world)


def aws_clock(hours: int, direction: str) -> str:
    return f"the system clock is {hours} h 0 min {direction} AWS's"


# By fault: the reason, the remedy, and what causes it.
FAULTS: dict[str, tuple[str, str, Arrange]] = {
    "sts denies": (
        f"AWS denied {ASSUME_AT}: {NOT_TRUSTED}",
        f"check that the role exists ({IN_PROFILE}), {TRUST}",
        distrust,
    ),
    "sts is not activated in the region": (
        f"AWS refused {ASSUME_AT}: RegionDisabledException: STS is not activated in this region",
        "ask the administrator to activate STS for us-east-1 in IAM's account settings",
        at(ASSUME, faults.error("RegionDisabledException", "STS is not activated in this region", 403)),
    ),
    "a policy of the organization denies": (
        f"AWS denied {ASSUME_AT}: {NOT_TRUSTED} with an explicit deny in a service control policy",
        "end the explicit deny of sts:AssumeRole in the organization's service control policy",
        at(ASSUME, faults.error("AccessDenied", f"{NOT_TRUSTED} with an explicit deny in a service control policy")),
    ),
    "the role's trust policy denies explicitly": (
        f"AWS denied {ASSUME_AT}: {NOT_TRUSTED} with an explicit deny in a resource-based policy",
        "end the explicit deny of sts:AssumeRole in the role's trust policy",
        at(ASSUME, faults.error("AccessDenied", f"{NOT_TRUSTED} with an explicit deny in a resource-based policy")),
    ),
    "the caller's own policy does not allow": (
        f"AWS denied {ASSUME_AT}: {NOT_TRUSTED} {NOT_IN_OWN}",
        f"check that the role exists ({IN_PROFILE}), {TRUST}",
        at(ASSUME, faults.error("AccessDenied", f"{NOT_TRUSTED} {NOT_IN_OWN}")),
    ),
    "the caller is root": (
        f"the root user of an account cannot assume a role ({ASSUME_AT})",
        "use the keys of an IAM user: aws configure --profile base",
        at(ASSUME, faults.error("AccessDenied", "Roles may not be assumed by root accounts.")),
    ),
    "sts gives no reason": (
        f"AWS refused {ASSUME_AT}: NoSuchEntity",
        "aws sts get-caller-identity --region us-east-1 --profile secondary",
        at(ASSUME, faults.error("NoSuchEntity", "")),
    ),
    "sts gives no code": (
        STRANGE.format(f"HTTP 400, {ASSUME_AT}"),
        IN_BETWEEN,
        at(ASSUME, faults.error("", "")),
    ),
    "ecr denies": (
        f"AWS denied {FETCH_AT}: {NOT_ALLOWED}",
        ALLOW,
        at(FETCH, faults.error("AccessDeniedException", NOT_ALLOWED)),
    ),
    "the session of the source profile has expired": (
        f"the AWS session has expired ({ASSUME_AT})",
        NEW_SESSION,
        end_session,
    ),
    "the role session has expired": (
        f"the AWS session has expired ({FETCH_AT})",
        "try again",
        at(FETCH, faults.error("ExpiredTokenException", ENDED)),
    ),
    "the access key is unknown": (
        f"AWS does not know the access key ({ASSUME_AT}: InvalidClientTokenId)",
        "aws configure --profile base",
        base_keys(access_key_id="AKIAUNKNOWN"),
    ),
    "the key is new and the session token old": (
        f"AWS does not know the access key ({ASSUME_AT}: InvalidClientTokenId)",
        "delete aws_session_token from [base] of {home}/.aws/credentials: a key that begins with AKIA has none",
        old_token,
    ),
    "the secret key is wrong": (
        f"AWS refused the signature of {ASSUME_AT} (SignatureDoesNotMatch)",
        "check the secret key: aws configure --profile base",
        base_keys(secret_access_key="wrong"),
    ),
    "ecr does not know the key that sts gave": (
        f"AWS does not know the access key ({FETCH_AT}: UnrecognizedClientException)",
        "try again, and check that the account has enabled the region",
        at(
            FETCH, faults.error("UnrecognizedClientException", "The security token included in the request is invalid.")
        ),
    ),
    "sts refuses for another reason": (
        f"AWS refused {ASSUME_AT}: ValidationError: the session name is too long",
        "fix the settings of the role",
        at(ASSUME, faults.error("ValidationError", "the session name is too long")),
    ),
    "sts refuses the role's arn": (
        f"AWS refused {ASSUME_AT}: ValidationError: Request ARN is invalid",
        f"fix {IN_PROFILE}",
        at(ASSUME, faults.error("ValidationError", "Request ARN is invalid")),
    ),
    "sts hangs up": (BROKEN.format(ASSUMING), NETWORK, at(ASSUME, faults.closed)),
    "ecr hangs up": (BROKEN.format(FETCH), NETWORK, at(FETCH, faults.closed)),
    "sts fails": (f"AWS returned a server error for {ASSUME_AT} (HTTP 500, InternalFailure)", LATER, at(ASSUME, OOPS)),
    "ecr fails": (
        f"AWS returned a server error for {FETCH_AT} (HTTP 500, InternalFailure)",
        LATER,
        at(FETCH, OOPS),
    ),
    "a load balancer before sts fails": (
        f"AWS returned a server error for {ASSUME_AT} (HTTP 503)",
        LATER,
        at(ASSUME, faults.status(503)),
    ),
    "a load balancer before ecr fails": (
        f"AWS returned a server error for {FETCH_AT} (HTTP 502)",
        LATER,
        at(FETCH, faults.status(502)),
    ),
    "a page before sts is not xml": (
        f"AWS returned a server error for {ASSUME_AT} (HTTP 502)",
        LATER,
        at(ASSUME, faults.page(502)),
    ),
    "a page before ecr is not xml": (
        f"AWS returned a server error for {FETCH_AT} (HTTP 502)",
        LATER,
        at(FETCH, faults.page(502)),
    ),
    "an error of ecr is json but no object": (
        f"AWS returned a server error for {FETCH_AT} (HTTP 503)",
        LATER,
        at(FETCH, lambda _: HttpResponse(503, "application/json", b"[7]")),
    ),
    "sts throttles": (
        f"AWS throttled {ASSUME_AT} (Throttling)",
        LATER,
        at(ASSUME, faults.error("Throttling", "Rate exceeded")),
    ),
    "ecr throttles": (f"AWS throttled {FETCH_AT} (ThrottlingException)", LATER, at(FETCH, faults.throttled)),
    "ecr throttles by status alone": (
        f"AWS throttled {FETCH_AT} (HTTP 429)",
        LATER,
        at(FETCH, faults.status(429)),
    ),
    "sts answers no xml": (STRANGE.format(ASSUME_AT), IN_BETWEEN, at(ASSUME, PAGE)),
    "ecr answers no json": (STRANGE.format(FETCH_AT), IN_BETWEEN, at(FETCH, PAGE)),
    "sts answers garbage": (STRANGE.format(ASSUME_AT), IN_BETWEEN, at(ASSUME, faults.garbage)),
    "ecr answers garbage": (STRANGE.format(FETCH_AT), IN_BETWEEN, at(FETCH, faults.garbage)),
    "sts answers nothing": (STRANGE.format(ASSUME_AT), IN_BETWEEN, at(ASSUME, faults.body(b""))),
    "ecr answers nothing": (STRANGE.format(FETCH_AT), IN_BETWEEN, at(FETCH, faults.body(b""))),
    "ecr answers another json": (STRANGE.format(FETCH_AT), IN_BETWEEN, at(FETCH, faults.body(b"[7]"))),
    "a proxy's page instead of sts": (
        STRANGE.format(f"HTTP 403, {ASSUME_AT}"),
        IN_BETWEEN,
        at(ASSUME, faults.status(403)),
    ),
    "a proxy's page instead of sts is not xml": (
        STRANGE.format(f"HTTP 403, {ASSUME_AT}"),
        IN_BETWEEN,
        at(ASSUME, faults.page(403)),
    ),
    "a proxy's page instead of ecr": (
        STRANGE.format(f"HTTP 403, {FETCH_AT}"),
        IN_BETWEEN,
        at(FETCH, faults.status(403)),
    ),
    "no token in the answer": (f"ECR's response contains no token ({FETCH_AT})", AGAIN, at(FETCH, faults.no_token)),
    "no entry in the answer": (f"ECR's response contains no token ({FETCH_AT})", AGAIN, at(FETCH, faults.no_entry)),
    "a token that does not decode": (
        f"ECR's response contains a token that cannot be decoded ({FETCH_AT})",
        AGAIN,
        at(FETCH, faults.undecodable_token),
    ),
    "a token without a user": (
        f"ECR's response contains a token that cannot be decoded ({FETCH_AT})",
        AGAIN,
        at(FETCH, faults.token_without_user),
    ),
    "an expired token": (
        f"ECR's response contains a token that has expired ({FETCH_AT})",
        IN_BETWEEN,
        at(FETCH, faults.expired_token),
    ),
    "a token that ends at no time": (STRANGE.format(FETCH_AT), IN_BETWEEN, at(FETCH, faults.token(expiresAt=1e300))),
    "a clock behind sts's": (aws_clock(5, "behind"), CLOCK, clock(ASSUME, 5)),
    "a clock ahead of sts's": (aws_clock(30, "ahead of"), CLOCK, clock(ASSUME, -30)),
    "a clock behind ecr's": (aws_clock(30, "behind"), CLOCK, clock(FETCH, 30)),
    "a clock ahead of ecr's": (aws_clock(5, "ahead of"), CLOCK, clock(FETCH, -5)),
}


class TestFault:
    @pytest.mark.parametrize(("reason", "remedy", "arrange"), FAULTS.values(), ids=FAULTS)
    def test_is_one_timely_line_with_cause_and_remedy(
        self, world: World, reason: str, remedy: str, arrange: Arrange
    ) -> None:
        arrange(world)

        expected = f"profile secondary: {reason}; {remedy}".replace("{home}", str(world.home.folder))
        assert expected == refusal(world.home, world.aws)

    def test_of_configured_role_names_role_and_source(self, world: World) -> None:
        world.home.configure(f'[[registry]]\nmatch = "*"\nrole_arn = "{ROLE}"\nsource_profile = "base"\n')
        distrust(world)

        line = refusal(world.home, world.aws, profile=None)

        remedy = f"check that the role exists (role_arn in config.toml), {TRUST}"
        assert f"role {ROLE} from profile base: AWS denied {ASSUME_AT}: {NOT_TRUSTED}; {remedy}" == line

    @pytest.mark.parametrize("action", ["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"])
    def test_of_ecr_public_names_the_missing_action(self, world: World, action: str) -> None:
        said = f"User: {SESSION} is not authorized to perform: {action} on resource: *"
        world.aws.fail(FETCH, faults.error("AccessDeniedException", said))

        _, _, remedy = world.home.get("public.ecr.aws").stderr.partition("; ")

        assert action in remedy


class TestTransientFault:
    @pytest.mark.parametrize("operation", [ASSUME, FETCH])
    @pytest.mark.parametrize("fault", [faults.throttled, OOPS, faults.status(503), faults.page(503), faults.closed])
    def test_is_retried_after_a_pause(self, world: World, operation: str, fault: faults.Fault) -> None:
        world.aws.fail(operation, fault, times=2)

        assert world.home.get().secret

        assert 3 == world.aws.count(operation)

    @pytest.mark.parametrize(
        ("operation", "fault"),
        [
            (ASSUME, faults.throttled),
            (FETCH, faults.throttled),
            (FETCH, faults.status(503)),
            (FETCH, faults.status(429)),
        ],
        ids=["sts throttles", "ecr throttles", "503", "429"],
    )
    def test_is_not_retried_before_retry_after(self, world: World, operation: str, fault: faults.Fault) -> None:
        world.aws.fail(operation, after(2, fault), times=1)

        assert world.home.get().secret

        times = [call.at for call in world.aws.calls if call.operation == operation]
        assert [True] == [later - earlier >= 2 for earlier, later in pairwise(times)]

    @pytest.mark.parametrize(("seconds", "when"), [(20, "20 s"), (3600, "1 h 0 min")])
    @pytest.mark.parametrize("operation", [ASSUME, FETCH])
    def test_long_retry_after_fails_at_once(self, world: World, operation: str, seconds: int, when: str) -> None:
        """If AWS asks for a wait beyond a client's time limit, the error says when to try again."""
        world.aws.fail(operation, after(seconds, faults.throttled))

        line = refusal(world.home, world.aws)

        assert f"profile secondary: AWS throttled {CALLS[operation]} (ThrottlingException); try again in {when}" == line
        assert 2 == world.aws.count(operation)  # one from each of the two processes that may have printed the line

    def test_leaves_nothing_behind(self, world: World) -> None:
        world.aws.fail(FETCH, faults.forbidden)
        refusal(world.home, world.aws)
        world.aws.clear_faults()

        assert HOST == world.home.get().answer["ServerURL"]
