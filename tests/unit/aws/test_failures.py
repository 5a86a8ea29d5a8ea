"""The rule for a failure, and the error that another process makes from its codes."""

import os
import re
from collections import Counter

import pytest

from docker_credential_ecrx.aws import error_rule, error_rules, failures
from docker_credential_ecrx.aws.caller import Call
from docker_credential_ecrx.errors import AwsError
from docker_credential_ecrx.identity.model import Identity
from support.rules import ALL_RULES

ENV = {"HOME": "/nonexistent", "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
ENDPOINT = "vpce-0123456789abcdef0-a1b2c3d4.sts.us-east-1.vpce.amazonaws.com"
DENIED = "AccessDeniedException"
# What the texts of rules may name.
FIELDS = frozenset(
    (
        *("call", "operation", "code", "status", "said", "http_status"),  # of AWS's response
        *("profile", "source", "source_option", "caller_option", "registry_option", "principals"),  # of the caller
        *(
            "host",
            "variable",
            "scheme",
            "proxy",
            "through",  # the proxy to the host, or that there is none
            "endpoint",  # the host, with the port and the origin if it is configured
            "or_change",  # of a configured endpoint
            "curl",
            "bundle",
            "origin",
            "path",
            "program",
            "line",
            "repeated",
            "strerror",
            "allow",  # the action in the policy, or end its explicit deny there
            "policy",  # that denies the action
            "reason",  # OpenSSL's
            "name",
            "lacking",
            "lack",
            "section",
            "place",  # of a setting
            "config_file",
            "profile_files",  # those that have a section of the profile
            "character",
            "setting",
            "other",
            "add_role",  # to a profile with a source for it
            "rename_source",  # of a profile with a role
            "role_place",  # of the setting that names the role
            "seconds",
            "version",
        ),  # of what failed
    )
)


def left(error: AwsError) -> AwsError | None:
    """Return what another process makes of the codes of ``error``."""
    return failures.from_codes(error.codes, Identity("p"), ENV, "ecr")


class TestRule:
    def test_codes_are_unique(self) -> None:
        counts = Counter(code for rule in error_rules.CLIENT_RULES for code in rule.codes)

        assert {1} == {*counts.values()}

    @pytest.mark.parametrize(
        ("operation", "remedy"),
        [
            ("AssumeRole", "check that the role exists{role_place}, then allow sts:{operation} in "),
            ("AssumeRoleWithWebIdentity", "check that the role exists{role_place}, then allow sts:{operation} in "),
            ("GetAuthorizationToken", "{allow} ecr:GetAuthorizationToken in {policy}"),
        ],
    )
    def test_for_the_operation_wins(self, operation: str, remedy: str) -> None:
        rule = error_rule.find(error_rules.SERVICE_RULES, DENIED, operation)

        assert rule is not None
        assert rule.remedy.startswith(remedy)

    def test_for_a_web_identity_names_no_policy_of_the_caller(self) -> None:
        """Nobody has one: the caller is no principal of IAM."""
        rule = error_rule.find(error_rules.SERVICE_RULES, DENIED, "AssumeRoleWithWebIdentity")

        assert rule is not None
        assert rule.remedy.endswith("in the role's trust policy for the token's issuer, subject and audience")

    def test_for_sso_names_the_settings_of_the_role(self) -> None:
        """AWS says only "No access" if the account or the permission set is another one."""
        caller = failures.find_caller(Identity("p"), ENV)
        values = {"operation": "GetRoleCredentials", "code": "ForbiddenException", "said": "No access"}

        found = failures.service_error(caller, values)

        assert str(found.remedy).startswith("check sso_account_id and sso_role_name in ")

    def test_first_wins_among_equals(self) -> None:
        own = error_rule.ErrorRule((DENIED,), "own")

        assert own is error_rule.find((own, *error_rules.SERVICE_RULES), DENIED, "DescribeRepositories")
        assert own is not error_rule.find((own, *error_rules.SERVICE_RULES), DENIED, "AssumeRole")

    @pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.message)
    def test_names_only_known_fields(self, rule: error_rule.ErrorRule) -> None:
        """A misspelt one would be shown as an ellipsis."""
        named = re.findall(r"\{(\w*)\}", f"{rule.message} {rule.remedy} {rule.command}")

        assert [] == [name for name in named if name not in FIELDS]

    def test_of_an_unknown_code_is_none(self) -> None:
        assert error_rule.find(error_rules.CLIENT_RULES, "unknown") is None


class TestCodes:
    @pytest.mark.parametrize(
        ("code", "values"),
        [
            ("timeout", {"host": ENDPOINT, "seconds": "9"}),
            ("timeout", {"seconds": "9"}),
            ("connection-closed", {"host": "api.ecr.us-east-1.amazonaws.com"}),
            ("certificate", {"host": "sts.us-east-1.amazonaws.com"}),
            ("unreachable", {"host": "::1"}),
            ("process-timeout", {"seconds": "9"}),
        ],
    )
    def test_give_the_same_error_in_another_process(self, code: str, values: dict[str, str]) -> None:
        error = failures.client_error(code, failures.find_caller(Identity("p"), ENV), **values)

        again = left(error)

        assert again is not None
        assert str(error) == str(again)
        assert all(value in error.message for value in values.values())

    def test_omit_awss_own_words(self) -> None:
        caller = failures.find_caller(Identity("p"), ENV)
        said = f"User: arn:aws:iam::222222222222:user/me is not authorized to perform: {DENIED}"
        values = {"operation": "AssumeRole", "code": DENIED, "status": "400", "said": said}

        assert ("aws", "operation=AssumeRole", f"code={DENIED}", "status=400") == failures.service_error(
            caller, values
        ).codes

    @pytest.mark.parametrize("code", ["unreachable", "certificate", "invalid-response", "timeout"])
    def test_name_host_operation_and_role_in_another_process(self, code: str) -> None:
        call = Call("sts.us-east-1.amazonaws.com", "AssumeRole", "arn:aws:iam::222222222222:role/team/puller")
        error = failures.client_error(code, failures.find_caller(Identity("p"), ENV, call), seconds="9")

        again = left(error)

        assert again is not None
        assert str(error) == str(again)
        assert f"AssumeRole of {call.role}" in error.message
        assert call.host in error.message

    @pytest.mark.parametrize("role", ["\x1b[31m", "arn:aws:iam::1:role/puller", "arn:aws:iam::222222222222:user/a b"])
    def test_omit_what_is_not_a_role(self, role: str) -> None:
        forged = failures.from_codes(("unreachable", f"role={role}"), Identity("p"), ENV, "ecr")

        assert forged is not None
        assert "cannot connect to AWS for the request of unknown" == forged.message

    def test_omit_the_proxy(self) -> None:
        """Its URL may hold a password, and what looks like the host may be a part of that."""
        caller, values = failures.find_caller(Identity("p"), ENV), {"proxy": "proxy.example.com", "status": "407"}
        error = failures.client_error("proxy-refused", caller, **values)
        again = left(error)

        assert again is not None
        assert "the proxy proxy.example.com refused" in error.message
        assert "the proxy in HTTPS_PROXY refused" in again.message
        assert "check HTTPS_PROXY and NO_PROXY" == str(error.remedy) == str(again.remedy)

    def test_with_the_name_of_a_parameter_are_ignored(self) -> None:
        found = failures.from_codes(("no-credentials", "code=x", "caller=y", "values=z"), Identity("p"), ENV, "ecr")

        assert found is not None
        assert "there are no AWS credentials" == found.message

    def test_omit_an_invalid_host(self) -> None:
        error = failures.client_error("timeout", failures.find_caller(Identity("p"), ENV), host="a b", seconds="9")

        assert ("timeout", "seconds=9") == error.codes

    def test_of_unknown_origin_are_sanitized(self) -> None:
        forged = failures.from_codes(("timeout", "host=\x1b[31m;rm", "seconds=9"), Identity("p"), ENV, "ecr")

        assert forged is not None
        assert forged.message == "unknown did not respond within 9 seconds to the request"
        assert failures.from_codes(("nonsense",), Identity("p"), ENV, "ecr") is None
