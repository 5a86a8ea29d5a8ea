"""Private parts of botocore on which this program relies."""

import getpass

import pytest
from botocore.credentials import CredentialProvider, CredentialResolver
from botocore.session import Session

from docker_credential_ecrx.aws.client_errors import MfaNeededError, UnknownBotocoreError
from docker_credential_ecrx.aws.failures import find_caller
from docker_credential_ecrx.aws.service_errors import explain
from docker_credential_ecrx.aws.session import Mfa, set_mfa
from docker_credential_ecrx.identity.model import Identity


class OtherRoleProvider(CredentialProvider):
    """Assumes roles in a future botocore."""

    METHOD = "assume-role"


class TestBotocore:
    def test_asks_for_mfa_code_through_our_prompt(self) -> None:
        resolver = Session().get_component("credential_provider")
        roles = resolver.get_provider("assume-role")
        mfa = Mfa("123456")
        assert (getpass.getpass, {}) == (vars(roles)["_prompter"], roles.cache)

        set_mfa(mfa, resolver)

        assert "123456" == vars(roles)["_prompter"]("MFA code: ")
        assert mfa.sessions is roles.cache
        with pytest.raises(MfaNeededError):
            vars(roles)["_prompter"]("MFA code: ")

    def test_unsupported_version_is_named(self) -> None:
        with pytest.raises(UnknownBotocoreError) as caught:
            set_mfa(Mfa(), CredentialResolver([OtherRoleProvider()]))

        error = explain(caught.value, find_caller(Identity(), {}))
        assert error.message.endswith(" prompts for MFA codes in a way that this program does not support")
        assert str(error.remedy)
