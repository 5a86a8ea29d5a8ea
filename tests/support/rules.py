"""All rules of the errors for a failed call to AWS."""

from docker_credential_ecrx.aws import error_rules

ALL_RULES = (
    *error_rules.CLIENT_RULES,
    error_rules.UNKNOWN_FAILURE,
    *error_rules.SERVICE_RULES,
    *error_rules.PUBLIC_RULES,
    *error_rules.POLICY_RULES,
    error_rules.SERVER_FAILURE,
    error_rules.REFUSED,
)
