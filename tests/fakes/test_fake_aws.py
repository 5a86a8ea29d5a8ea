"""The fake AWS rejects what AWS rejects, as real boto3 sees it."""

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from docker_credential_ecrx.demo.fake_aws import Issued, Keys
from fakes import faults
from fakes.aws import Repository
from fakes.faults import FaultyAws
from fakes.policies import ConditionError

_ACCOUNT = "222222222222"
_ROLE = f"arn:aws:iam::{_ACCOUNT}:role/puller"
_USER = f"arn:aws:iam::{_ACCOUNT}:user/base"
_SESSION = f"arn:aws:sts::{_ACCOUNT}:assumed-role/puller/session"


@pytest.fixture
def faulty() -> Iterator[FaultyAws]:
    """Return a fake AWS that can fail."""
    with FaultyAws() as aws:
        yield aws


@pytest.fixture
def base(faulty: FaultyAws) -> Keys:
    """Return the keys of a user who may assume the role."""
    faulty.add_role(_ROLE, trusts=[_USER])
    return faulty.add_user(_ACCOUNT, "base")


def _client(aws: FaultyAws, service: Literal["ecr", "ecr-public", "sts"], keys: Keys, region: str = "us-east-1") -> Any:  # noqa: ANN401 - boto3's
    return boto3.client(
        service,
        endpoint_url=aws.url,
        region_name=region,
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        aws_session_token=keys.session_token,
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=60, read_timeout=60),
    )


def _assume(aws: FaultyAws, keys: Keys, **request: object) -> Keys:
    answer = _client(aws, "sts", keys).assume_role(**({"RoleArn": _ROLE, "RoleSessionName": "session"} | request))
    return Keys(*(answer["Credentials"][name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")))


def _fetch(aws: FaultyAws, keys: Keys, region: str = "us-east-1") -> str:
    answer = _client(aws, "ecr", keys, region).get_authorization_token()
    return base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode().removeprefix("AWS:")


def _error(call: Any, **request: object) -> str:  # noqa: ANN401 - boto3's
    with pytest.raises(ClientError) as caught:
        call(**request)
    return str(caught.value.response["Error"]["Code"])


class TestTokens:
    def test_have_ecrs_size_format_and_lifetime(self, faulty: FaultyAws, base: Keys) -> None:
        (answer,) = _client(faulty, "ecr", base).get_authorization_token()["authorizationData"]
        user, _, password = base64.b64decode(answer["authorizationToken"]).decode().partition(":")

        assert user == "AWS"
        assert len(password) in range(1800, 2700 + 1)
        assert {"payload", "datakey", "version", "type", "expiration"} == json.loads(base64.b64decode(password)).keys()
        lifetime = answer["expiresAt"] - datetime.now(UTC)
        assert timedelta(hours=11, minutes=59) < lifetime <= timedelta(hours=12)
        assert faulty.is_live(password)

    def test_are_issued_to_the_signer_for_the_region(self, faulty: FaultyAws, base: Keys) -> None:
        issued = faulty.issued[_fetch(faulty, _assume(faulty, base), "eu-west-1")]

        assert f"arn:aws:sts::{_ACCOUNT}:assumed-role/puller/session" == issued.principal
        assert (_ACCOUNT, "eu-west-1", "ecr") == issued[1:4]

    def test_of_ecr_public_come_only_from_us_east_1(self, faulty: FaultyAws, base: Keys) -> None:
        assert _client(faulty, "ecr-public", base).get_authorization_token()["authorizationData"]["authorizationToken"]
        elsewhere = _client(faulty, "ecr-public", base, "eu-west-1")
        assert "UnsupportedCommandException" == _error(elsewhere.get_authorization_token)

    def test_expire(self, faulty: FaultyAws, base: Keys) -> None:
        faulty.token_seconds = -1
        assert not faulty.is_live(_fetch(faulty, base))


class TestSignatures:
    def test_of_an_unknown_key_are_rejected(self, faulty: FaultyAws) -> None:
        unknown = Keys("AKIAUNKNOWN", "secret")

        assert "InvalidClientTokenId" == _error(_client(faulty, "sts", unknown).get_caller_identity)
        assert "UnrecognizedClientException" == _error(_client(faulty, "ecr", unknown).get_authorization_token)

    def test_with_a_wrong_secret_are_rejected(self, faulty: FaultyAws, base: Keys) -> None:
        wrong = base._replace(secret_access_key="wrong")

        assert "SignatureDoesNotMatch" == _error(_client(faulty, "sts", wrong).get_caller_identity)
        assert "InvalidSignatureException" == _error(_client(faulty, "ecr", wrong).get_authorization_token)

    def test_of_a_session_need_its_token(self, faulty: FaultyAws, base: Keys) -> None:
        without = _assume(faulty, base)._replace(session_token=None)

        assert "InvalidClientTokenId" == _error(_client(faulty, "sts", without).get_caller_identity)

    def test_of_an_expired_session_are_rejected(self, faulty: FaultyAws, base: Keys) -> None:
        session = _assume(faulty, base)
        faulty.end_session(session)

        assert "ExpiredToken" == _error(_client(faulty, "sts", session).get_caller_identity)
        assert "ExpiredTokenException" == _error(_client(faulty, "ecr", session).get_authorization_token)

    @pytest.mark.parametrize("offset", [-3600.0, 3600.0])
    def test_with_a_wrong_clock_are_rejected(self, faulty: FaultyAws, base: Keys, offset: float) -> None:
        faulty.clock_offset = offset

        assert "SignatureDoesNotMatch" == _error(_client(faulty, "sts", base).get_caller_identity)


class TestAssumeRole:
    def test_works_for_trusted_principals_only(self, faulty: FaultyAws, base: Keys) -> None:
        stranger = faulty.add_user("999999999999", "stranger")

        assert _assume(faulty, base).session_token
        request = {"RoleArn": _ROLE, "RoleSessionName": "session"}
        assert "AccessDenied" == _error(_client(faulty, "sts", stranger).assume_role, **request)

    def test_checks_external_id_and_mfa_code(self, faulty: FaultyAws, base: Keys) -> None:
        faulty.add_role(_ROLE, trusts=[_ACCOUNT], external_id="shared", mfa=True)
        request = {"RoleArn": _ROLE, "RoleSessionName": "session", "ExternalId": "shared"}

        assert "AccessDenied" == _error(_client(faulty, "sts", base).assume_role, **request)
        assert _assume(faulty, base, ExternalId="shared", SerialNumber="arn:aws:iam::1:mfa/me", TokenCode="123456")


class TestRepositoryPolicies:
    def test_are_set_read_and_deleted_by_the_owner(self, faulty: FaultyAws, base: Keys) -> None:
        faulty.add_repository(_ACCOUNT, "app")
        client = _client(faulty, "ecr", base)

        client.set_repository_policy(repositoryName="app", policyText=json.dumps(_allow(_ROLE)))
        assert _allow(_ROLE) == json.loads(client.get_repository_policy(repositoryName="app")["policyText"])
        client.delete_repository_policy(repositoryName="app")

        assert "RepositoryPolicyNotFoundException" == _error(client.get_repository_policy, repositoryName="app")
        assert "RepositoryPolicyNotFoundException" == _error(client.delete_repository_policy, repositoryName="app")

    def test_belong_to_one_region(self, faulty: FaultyAws, base: Keys) -> None:
        faulty.add_repository(_ACCOUNT, "app", region="eu-west-1", policy=_allow(_ROLE))

        assert _client(faulty, "ecr", base, "eu-west-1").get_repository_policy(repositoryName="app")
        elsewhere = _client(faulty, "ecr", base)
        assert "RepositoryNotFoundException" == _error(elsewhere.get_repository_policy, repositoryName="app")

    def test_are_inaccessible_to_other_accounts(self, faulty: FaultyAws, base: Keys) -> None:
        faulty.add_repository("111111111111", "app", policy=_allow(_ROLE))
        request = {"registryId": "111111111111", "repositoryName": "app"}

        assert "AccessDeniedException" == _error(_client(faulty, "ecr", base).get_repository_policy, **request)

    @pytest.mark.parametrize(
        "document",
        [
            "not JSON",
            [],
            {"Version": "2012-10-17", "Statement": []},
            {"Statement": [{"Effect": "Allow", "Principal": "*"}]},
            {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:*", "Resource": "*"}]},
            {"Statement": [{"Effect": "Allow", "Principal": {"AWS": f"{_ROLE}-other"}, "Action": "ecr:*"}]},
            {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "ecr:*"}]},
            {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}]},
            {"Statement": [{"Sid": "X", "Effect": "Allow", "Principal": "*", "Action": "ecr:*"}] * 2},
            {"Statement": [{"Effect": "Allow", "NotPrincipal": "*", "Action": "ecr:*"}]},
            {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:*", "NotAction": "ecr:*"}]},
            {"Statement": [{"effect": "Allow", "Principal": "*", "Action": "ecr:*"}]},
        ],
    )
    def test_that_are_invalid_are_rejected(self, faulty: FaultyAws, base: Keys, document: object) -> None:
        place = faulty.add_repository(_ACCOUNT, "app")
        text = document if isinstance(document, str) else json.dumps(document)
        request = {"repositoryName": "app", "policyText": text}

        assert "InvalidParameterException" == _error(_client(faulty, "ecr", base).set_repository_policy, **request)
        assert faulty.ecr.repositories[place] is None

    def test_are_stored_with_their_repositories(self, faulty: FaultyAws, base: Keys) -> None:
        faulty.add_repository(_ACCOUNT, "app")
        faulty.add_repository(_ACCOUNT, "elsewhere", region="eu-west-1")
        client = _client(faulty, "ecr", base)

        (found,) = client.describe_repositories()["repositories"]
        assert f"{_ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/app" == found["repositoryUri"]
        request = {"repositoryNames": ["app", "elsewhere"]}
        assert "RepositoryNotFoundException" == _error(client.describe_repositories, **request)

    @pytest.mark.parametrize(
        ("named", "principal", "expected"),
        [
            ("*", _USER, True),
            (_ACCOUNT, _USER, True),
            (f"arn:aws:iam::{_ACCOUNT}:root", _USER, True),
            (_USER, _USER, True),
            (_USER, f"{_USER}-2", False),
            (_ROLE, f"arn:aws:sts::{_ACCOUNT}:assumed-role/puller/session", True),
            (f"arn:aws:iam::{_ACCOUNT}:role/path/puller", f"arn:aws:sts::{_ACCOUNT}:assumed-role/puller/session", True),
            (_ROLE, f"arn:aws:sts::{_ACCOUNT}:assumed-role/pusher/session", False),
            (_ROLE, "arn:aws:sts::444444444444:assumed-role/puller/session", False),
            ("444444444444", _USER, False),
        ],
    )
    def test_allow_the_principals_that_they_name(
        self, faulty: FaultyAws, named: str, principal: str, *, expected: bool
    ) -> None:
        place = faulty.add_repository("111111111111", "app", policy=_allow(named))

        assert expected == _is_let_in(faulty, principal, place)

    @pytest.mark.parametrize(
        ("left_out", "principal", "expected"),
        [
            ([_ACCOUNT], _USER, False),
            ([_USER], _USER, False),
            ([_ACCOUNT, _USER], _USER, True),
            ([f"arn:aws:iam::{_ACCOUNT}:root", _ROLE], _SESSION, False),
            ([f"arn:aws:iam::{_ACCOUNT}:root", _ROLE, _SESSION], _SESSION, True),
            (["*"], _USER, True),
        ],
    )
    def test_deny_all_except_those_named_in_full(
        self, faulty: FaultyAws, left_out: list[str], principal: str, *, expected: bool
    ) -> None:
        """NotPrincipal must name the account, and for a session also the role, as AWS documents."""
        deny = {"Effect": "Deny", "NotPrincipal": {"AWS": left_out}, "Action": "ecr:*"}
        place = faulty.add_repository("111111111111", "app", policy={"Statement": [*_allow("*")["Statement"], deny]})

        assert expected == _is_let_in(faulty, principal, place)

    def test_allow_all_except_not_action(self, faulty: FaultyAws) -> None:
        statement = {"Effect": "Allow", "Principal": {"AWS": _USER}, "NotAction": "ecr:Put*"}
        place = faulty.add_repository("111111111111", "app", policy={"Statement": [statement]})

        actions = ("ecr:BatchGetImage", "ecr:PutImage")
        assert [True, False] == [_is_let_in(faulty, _USER, place, action) for action in actions]

    def test_with_a_condition_are_not_evaluated(self, faulty: FaultyAws) -> None:
        statement = _allow(_USER)["Statement"][0] | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}
        place = faulty.add_repository("111111111111", "app", policy={"Statement": statement})

        with pytest.raises(ConditionError):
            _is_let_in(faulty, _USER, place)
        assert not _is_let_in(faulty, f"{_USER}-2", place)

    def test_allow_what_they_say_and_do_not_deny(self, faulty: FaultyAws) -> None:
        allowed = _allow("*", "ecr:Batch*", "ecr:PutImage")
        place = faulty.add_repository("111111111111", "app", policy=allowed)
        denied = {"Effect": "Deny", "Principal": {"AWS": _USER}, "Action": "ecr:PutImage"}
        other = faulty.add_repository("111111111111", "b", policy={"Statement": [denied, *allowed["Statement"]]})

        actions = ("ecr:BatchGetImage", "ecr:PutImage", "ecr:UploadLayerPart")
        assert [True, True, False] == [_is_let_in(faulty, _USER, place, action) for action in actions]
        assert [True, False, False] == [_is_let_in(faulty, _USER, other, action) for action in actions]


def _allow(principal: str, *actions: str) -> dict[str, Any]:
    listed = list(actions or ("ecr:BatchGetImage",))
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": listed}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _is_let_in(aws: FaultyAws, principal: str, place: Repository, action: str = "ecr:BatchGetImage") -> bool:
    return aws.ecr.permits(Issued(principal, principal.split(":")[4], place.region, "ecr", 0), place, action)


class TestCalls:
    def test_are_recorded_with_caller_and_error(self, faulty: FaultyAws, base: Keys) -> None:
        _client(faulty, "sts", base).get_caller_identity()
        _error(_client(faulty, "sts", base).assume_role, RoleArn=f"{_ROLE}-other", RoleSessionName="session")

        recorded = [(call.operation, call.caller, call.region, call.error) for call in faulty.calls]
        assert [
            ("GetCallerIdentity", _USER, "us-east-1", ""),
            ("AssumeRole", _USER, "us-east-1", "AccessDenied"),
        ] == recorded

    def test_show_no_secret(self, faulty: FaultyAws, base: Keys) -> None:
        password = _fetch(faulty, base)

        assert base.secret_access_key not in f"{base} {faulty.calls}"
        assert password not in f"{faulty.calls}"


class TestFaults:
    def test_last_as_many_times_as_requested(self, faulty: FaultyAws, base: Keys) -> None:
        faulty.fail("GetAuthorizationToken", faults.throttled, times=2)
        client = _client(faulty, "ecr", base)

        assert ["ThrottlingException"] * 2 == [_error(client.get_authorization_token) for _ in range(2)]
        assert client.get_authorization_token()
        assert 3 == faulty.count("GetAuthorizationToken")

    def test_affect_one_operation_until_cleared(self, faulty: FaultyAws, base: Keys) -> None:
        faulty.fail("AssumeRole", faults.error("Throttling", "Rate exceeded"))

        assert _fetch(faulty, base)
        request = {"RoleArn": _ROLE, "RoleSessionName": "session"}
        assert "Throttling" == _error(_client(faulty, "sts", base).assume_role, **request)
        faulty.clear_faults()
        assert _assume(faulty, base)

    def test_can_close_the_connection(self, faulty: FaultyAws, base: Keys) -> None:
        faulty.fail("GetAuthorizationToken", faults.closed)

        with pytest.raises(ConnectionClosedError):
            _fetch(faulty, base)

    def test_can_delay_the_response(self, faulty: FaultyAws, base: Keys) -> None:
        faulty.fail("GetAuthorizationToken", faults.late(0.3))
        started = time.monotonic()

        _fetch(faulty, base)

        assert time.monotonic() - started >= 0.3

    def test_can_corrupt_the_token(self, faulty: FaultyAws, base: Keys) -> None:
        client = _client(faulty, "ecr", base)
        spoilt = (faults.no_token, faults.undecodable_token, faults.expired_token, faults.no_entry)
        for fault in spoilt:
            faulty.fail("GetAuthorizationToken", fault, times=1)

        entries = [client.get_authorization_token()["authorizationData"] for _ in spoilt]

        assert "authorizationToken" not in entries[0][0]
        assert entries[1][0]["authorizationToken"].startswith("!")
        assert entries[2][0]["expiresAt"] < datetime.now(UTC)
        assert [] == entries[3]

    def test_can_return_a_status_of_an_intermediary(self, faulty: FaultyAws, base: Keys) -> None:
        faulty.fail("GetAuthorizationToken", faults.status(503))

        assert "503" == _error(_client(faulty, "ecr", base).get_authorization_token)
