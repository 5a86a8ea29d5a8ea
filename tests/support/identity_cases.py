"""Every identity that AWS documents, as texts for AWS's files, for the environment and for config.toml.

Names in braces stand for what ``blackbox.test_both_ways.World`` has: keys, files, and the URLs of servers.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from support import aws_parts, kubernetes
from support.home import HOST, SECONDARY

IAM, STS = f"arn:aws:iam::{SECONDARY}", f"arn:aws:sts::{SECONDARY}:assumed-role"
SUBJECT = "system:serviceaccount:team:app"
KEYS = "aws_access_key_id = {user.access_key_id}\naws_secret_access_key = {user.secret_access_key}\n"
SESSION = (
    "aws_access_key_id = {session.access_key_id}\naws_secret_access_key = {session.secret_access_key}\n"
    "aws_session_token = {session.session_token}\n"
)
BASE = f"[profile base]\n{KEYS}"
ROLE = f"[profile p]\nrole_arn = {IAM}:role/one\nsource_profile = base\n{BASE}"
CHAIN = f"[profile p]\nrole_arn = {IAM}:role/two\nsource_profile = q\n[profile q]\n{ROLE.partition(chr(10))[2]}"
LONG_CHAIN = f"[profile p]\nrole_arn = {IAM}:role/three\nsource_profile = r\n" + CHAIN.replace(
    "[profile p]", "[profile r]"
)
SETTINGS = "external_id = shared/id:1\nrole_session_name = ci+job=1,@x\nduration_seconds = 1800\n"
WEB_IDENTITY = f"[profile p]\nrole_arn = {IAM}:role/one\nweb_identity_token_file = {{token}}\n"
ENV_KEYS = {"AWS_ACCESS_KEY_ID": "{user.access_key_id}", "AWS_SECRET_ACCESS_KEY": "{user.secret_access_key}"}
ENV_SESSION = {
    "AWS_ACCESS_KEY_ID": "{session.access_key_id}",
    "AWS_SECRET_ACCESS_KEY": "{session.secret_access_key}",
    "AWS_SESSION_TOKEN": "{session.session_token}",
}
ENV_WEB_IDENTITY = {"AWS_ROLE_ARN": f"{IAM}:role/one", "AWS_WEB_IDENTITY_TOKEN_FILE": "{token}"}
CONTAINER = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{container}/one"}
POD = {
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "{pod}/one?x=y",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{authorization}",
}
INSTANCE = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{instance}"}
PORTAL = {"AWS_ENDPOINT_URL_SSO": "{portal}"}
SSO_START = "sso_start_url = https://corp\nsso_region = eu-west-1\n"
SSO = f"sso_account_id = {SECONDARY}\nsso_role_name = one\n"
RULE = '[[registry]]\nmatch = "*"\n'
TOML_ROLE = f'{RULE}role_arn = "{IAM}:role/three"\n'
TOML_SETTINGS = 'external_id = "shared"\nrole_session_name = "ci"\nduration_seconds = 900\n'
SOURCE = 'source_profile = "p"\n'
TOKEN = kubernetes.request(
    f"{HOST}/app",
    serviceAccountToken=aws_parts.web_identity(SUBJECT),
    serviceAccountAnnotations={"eks.amazonaws.com/ecr-role-arn": f"{IAM}:role/one"},
)

UNANNOTATED = kubernetes.request(f"{HOST}/app", serviceAccountToken=aws_parts.web_identity(SUBJECT))


class Case(NamedTuple):
    """AWS's two files, variables, config.toml, and what is asked: a profile's link or the command, and a host.

    With a ``reason`` it is left to botocore, else not; ``request`` is kubelet's.
    """

    config: str = ""
    credentials: str = ""
    env: Mapping[str, str] = {}
    toml: str = ""
    profile: str | None = "p"
    host: str = HOST
    request: str = ""
    reason: str = ""


def default(**fields: Any) -> Case:
    """Return a case of AWS's default chain."""
    return Case(profile=None, **fields)


CASES = {
    "keys in the environment": default(env=ENV_KEYS),
    "session in the environment": default(env=ENV_SESSION),
    "keys in the environment beside variables of ecr-login": default(
        env=ENV_KEYS
        | {"AWS_ECR_DISABLE_CACHE": "true", "AWS_ECR_CACHE_DIR": "/nope", "AWS_ECR_IGNORE_CREDS_STORAGE": "true"}
    ),
    "keys in the environment beside a profile": default(env=ENV_KEYS, credentials=f"[default]\n{SESSION}"),
    "profile chosen beside keys in the environment": Case(env=ENV_SESSION, config=f"[profile p]\n{KEYS}"),
    "keys in the credentials file": Case(credentials=f"[p]\n{KEYS}"),
    "session in the credentials file": Case(credentials=f"[p]\n{SESSION}"),
    "keys in the config file": Case(f"[profile p]\nregion = eu-west-1\noutput = json\n{KEYS}"),
    "session in the config file": Case(f"[profile p]\n{SESSION}"),
    "settings in one file and keys in the other": Case("[profile p]\nregion = x\n", f"[p]\n{KEYS}"),
    "default profile": default(credentials=f"[default]\n{KEYS}"),
    "default profile in the config file": default(config=f"[default]\n{KEYS}"),
    "default profile with the word": default(config=f"[profile default]\n{KEYS}"),
    "AWS_PROFILE": default(config=ROLE, env={"AWS_PROFILE": "p"}),
    "AWS_DEFAULT_PROFILE": default(config=ROLE, env={"AWS_DEFAULT_PROFILE": "p", "AWS_PROFILE": "base"}),
    "rule with a profile": default(config=ROLE, toml=f'{RULE}profile = "p"\n'),
    "files that the environment names": Case(
        env={"AWS_CONFIG_FILE": "{folder}/c", "AWS_SHARED_CREDENTIALS_FILE": "$HOME/d"}
    ),
    "file with comments, tabs and carriage returns": Case(
        f"# x\r\n[ profile p ]\r\n; y\r\n[profile  p]\r\n{KEYS}".replace("[ profile p ]\r\n", "").replace(
            " = ", "\t=\t"
        )
    ),
    "role": Case(ROLE),
    "role of the default profile": default(config=ROLE.replace("profile p", "default")),
    "role whose source is in the credentials file": Case(ROLE.partition("[profile base]")[0], f"[base]\n{KEYS}"),
    "role whose source is a session": Case(ROLE.replace(KEYS, SESSION)),
    "role whose source is itself": Case(f"[profile p]\nrole_arn = {IAM}:role/one\nsource_profile = p\n{KEYS}"),
    "role with external id, session name and duration": Case(
        ROLE.replace("[profile base]", f"{SETTINGS}[profile base]")
    ),
    "role with non-ASCII external id": Case(ROLE.replace("[profile base]", "external_id = é ü/&=+ %\n[profile base]")),
    "two roles": Case(CHAIN),
    "three roles": Case(LONG_CHAIN),
    "two roles with settings": Case(CHAIN.replace("source_profile = base\n", f"source_profile = base\n{SETTINGS}")),
    "role from the environment": Case(
        f"[profile p]\nrole_arn = {IAM}:role/one\ncredential_source = Environment\n", env=ENV_KEYS
    ),
    "role from a session in the environment": Case(
        f"[profile p]\nrole_arn = {IAM}:role/one\ncredential_source = Environment\n", env=ENV_SESSION
    ),
    "role from a container": Case(
        f"[profile p]\nrole_arn = {IAM}:role/two\ncredential_source = EcsContainer\n", env=CONTAINER
    ),
    "role from an instance": Case(
        f"[profile p]\nrole_arn = {IAM}:role/two\ncredential_source = Ec2InstanceMetadata\n", env=INSTANCE
    ),
    "role from a web identity": Case(
        f"[profile p]\nrole_arn = {IAM}:role/two\nsource_profile = w\n"
        + WEB_IDENTITY.replace("[profile p]", "[profile w]")
    ),
    "web identity in a profile": Case(WEB_IDENTITY),
    "web identity in a profile with a session name": Case(f"{WEB_IDENTITY}role_session_name = ci\n"),
    "web identity in the environment": default(env=ENV_WEB_IDENTITY),
    "web identity in the environment with a session name": default(
        env=ENV_WEB_IDENTITY | {"AWS_ROLE_SESSION_NAME": "ci"}
    ),
    "rule's role from keys in the environment": default(env=ENV_KEYS, toml=TOML_ROLE),
    "rule's role from a session in the environment": default(env=ENV_SESSION, toml=f"{TOML_ROLE}{TOML_SETTINGS}"),
    "rule's role from the default profile": default(config=f"[default]\n{KEYS}", toml=TOML_ROLE),
    "rule's role from keys": default(config=f"[profile p]\n{KEYS}", toml=f"{TOML_ROLE}{TOML_SETTINGS}{SOURCE}"),
    "rule's role from a role": default(config=ROLE, toml=f"{TOML_ROLE}{SOURCE}"),
    "rule's role from two roles": default(config=CHAIN, toml=f"{TOML_ROLE}{TOML_SETTINGS}{SOURCE}"),
    "rule's role from a web identity": default(config=WEB_IDENTITY, toml=f"{TOML_ROLE}{SOURCE}"),
    "rule's role from a web identity in the environment": default(env=ENV_WEB_IDENTITY, toml=TOML_ROLE),
    "rule's role from a container": default(env=CONTAINER, toml=TOML_ROLE),
    "rule's role from an instance": default(env=INSTANCE, toml=f"{TOML_ROLE}{TOML_SETTINGS}"),
    "kubelet on a node": default(env=INSTANCE, request=kubernetes.request(f"{HOST}/app")),
    "kubelet with a profile": Case(ROLE, request=kubernetes.request(f"{HOST}/app")),
    "kubelet for a service account": default(request=TOKEN),
    "kubelet for a service account on a node": default(env=INSTANCE | ENV_KEYS, request=TOKEN),
    "kubelet for a service account without a role of its own": default(
        env={"AWS_ECR_ROLE_ARN": f"{IAM}:role/one"}, request=UNANNOTATED
    ),
    "container": default(env=CONTAINER),
    "container with an authorization": default(
        env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{pod}/one", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer c"}
    ),
    "container with a file of the authorization": default(env=POD),
    "container of an empty profile": Case("[profile p]\nregion = x\n", env=CONTAINER),
    "instance": default(env=INSTANCE),
    "instance at a URL with a slash": default(env=INSTANCE | {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "{instance}/"}),
    "instance without version 1": default(env=INSTANCE | {"AWS_EC2_METADATA_V1_DISABLED": "true"}),
    "endpoints of each service": Case(
        ROLE,
        env={
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
            "AWS_ENDPOINT_URL_STS": "{local}/",
            "AWS_ENDPOINT_URL_ECR": "{aws}",
        },
    ),
    "endpoint in config.toml": default(
        config=ROLE, toml=f'[[registry]]\nmatch = "{HOST}"\nprofile = "p"\nendpoint_url = "{{local}}"\n'
    ),
    "another region": Case(ROLE, host=HOST.replace("us-east-1", "eu-west-1")),
    "another region with a role of a rule": default(
        env=ENV_KEYS | {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-west-2"},
        toml=TOML_ROLE,
        host=HOST.replace("us-east-1", "ap-southeast-2"),
    ),
    "China": Case(ROLE, host=f"{HOST.replace('us-east-1', 'cn-north-1')}.cn"),
    "GovCloud": Case(ROLE, host=HOST.replace("us-east-1", "us-gov-west-1")),
    "ECR Public": Case(ROLE, host="public.ecr.aws"),
    "ECR Public with its endpoint": Case(
        ROLE, host="public.ecr.aws", env={"AWS_ENDPOINT_URL_ECR_PUBLIC": "{local}", "AWS_ENDPOINT_URL_ECR": "http://x"}
    ),
    "refused role": Case(ROLE.replace("role/one", "role/none")),
    "wrong secret": Case(ROLE.replace("{user.secret_access_key}", "wrong")),
    "duration above AWS's": Case(ROLE.replace(BASE, f"duration_seconds = 43201\n{BASE}")),
}
SETTING, VARIABLE = "a profile has a setting that only botocore knows", "a variable is set that only botocore knows"
DECLINED = {
    "sso session": Case(
        f"[profile p]\n{SSO}sso_session = corp\n[sso-session corp]\n{SSO_START}",
        env=PORTAL,
        reason=VARIABLE,
    ),
    "sso without a session": Case(f"[profile p]\n{SSO}{SSO_START}", env=PORTAL, reason=VARIABLE),
    "login session": Case("[profile p]\nlogin_session = me\n", reason=SETTING),
    "process": Case("[profile p]\ncredential_process = give-keys\n", reason=SETTING),
    "mfa": Case(ROLE.replace("[profile base]", f"mfa_serial = {IAM}:mfa/me\n[profile base]"), reason=SETTING),
    "proxy": Case(ROLE, env={"HTTP_PROXY": "{proxy}", "NO_PROXY": "x"}, reason="a proxy is configured"),
    "fips": Case(ROLE.replace(BASE, f"use_fips_endpoint = true\n{BASE}"), reason=SETTING),
    "fips in the environment": Case(ROLE, env={"AWS_USE_FIPS_ENDPOINT": "true"}, reason=VARIABLE),
    "fips host": Case(
        ROLE, host=HOST.replace("ecr.", "ecr-fips."), reason="the registry's endpoint is FIPS or dual-stack"
    ),
    "dual-stack host": Case(
        ROLE,
        host=HOST.replace("dkr.ecr.", "dkr-ecr.").replace("amazonaws.com", "on.aws"),
        reason="the registry's endpoint is FIPS or dual-stack",
    ),
    "retry mode": Case(ROLE.replace(BASE, f"retry_mode = adaptive\n{BASE}"), reason=SETTING),
    "defaults mode in the environment": Case(ROLE, env={"AWS_DEFAULTS_MODE": "standard"}, reason=VARIABLE),
    "timeout of the metadata service": default(env=INSTANCE | {"AWS_METADATA_SERVICE_TIMEOUT": "9"}, reason=VARIABLE),
    "unknown key of the source": Case(f"{ROLE}something_new = 1\n", reason=SETTING),
    "nested settings": Case(ROLE.replace(BASE, f"s3 =\n  addressing_style = path\n{BASE}"), reason=SETTING),
    "services": Case(
        f"[profile p]\nservices = s\n{ROLE.partition(chr(10))[2]}[services s]\nsts =\n  endpoint_url = {{local}}\n",
        reason=SETTING,
    ),
    "endpoint in a profile": Case(ROLE.replace(BASE, f"endpoint_url = {{local}}\n{BASE}"), reason=SETTING),
    "endpoint with a path": Case(
        ROLE, env={"AWS_ENDPOINT_URL_ECR": "{aws}/x"}, reason="a configured endpoint has a path"
    ),
    "keys in both files": Case(
        f"[profile p]\n{SESSION}", f"[p]\n{KEYS}", reason="a profile has keys in both of AWS's files"
    ),
    "quoted profile": Case(f'[profile "p"]\n{KEYS}', reason="the name of a profile is quoted"),
    "no credentials": default(reason="there are no credentials"),
    "no such profile": Case(BASE, reason="the profile does not exist"),
    "role that is its own source": Case(
        f"[profile p]\nrole_arn = {IAM}:role/one\nsource_profile = p\n", reason="the source of a role is itself"
    ),
    "half a key": default(
        env={"AWS_ACCESS_KEY_ID": "{user.access_key_id}"}, reason="an access key or its secret is missing"
    ),
    "instance without a token": default(
        env=INSTANCE | {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "{pod}"},
        reason="the metadata service returned an error",
    ),
    "container at an unknown host": default(
        env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/one"},
        reason="a container's endpoint has an unusual form",
    ),
    "duration below AWS's": Case(
        ROLE.replace(BASE, f"duration_seconds = 60\n{BASE}"), reason="a parameter is shorter or less than AWS accepts"
    ),
    "external id below AWS's": Case(
        ROLE.replace(BASE, f"external_id = x\n{BASE}"), reason="a parameter is shorter or less than AWS accepts"
    ),
    "session name below AWS's": Case(
        ROLE.replace(BASE, f"role_session_name = x\n{BASE}"), reason="a parameter is shorter or less than AWS accepts"
    ),
    "role below AWS's": Case(
        ROLE.replace(f"{IAM}:role/one", "one"), reason="a parameter is shorter or less than AWS accepts"
    ),
    "duration of many digits": Case(
        ROLE.replace(BASE, f"duration_seconds = {'9' * 5000}\n{BASE}"), reason="duration_seconds is not a number"
    ),
}

# Who gets the token of a case that is declined, if not a session of role one with a name that botocore makes up.
OWNERS = {
    **dict.fromkeys(("sso session", "sso without a session", "login session"), f"{STS}/one/me"),
    **dict.fromkeys(("process", "keys in both files", "quoted profile"), f"{IAM}:user/user"),
    **dict.fromkeys(("mfa", "no credentials", "no such profile", "role that is its own source", "half a key"), ""),
    **dict.fromkeys(("instance without a token", "container at an unknown host"), ""),
    **dict.fromkeys((name for name in DECLINED if name.endswith("below AWS's")), ""),
    "timeout of the metadata service": f"{STS}/one/i-0123456789abcdef0",
}
RELATIVE = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/one"}
ADDRESSED = {
    "container": default(env=RELATIVE),
    "container of a role": Case(
        f"[profile p]\nrole_arn = {IAM}:role/two\ncredential_source = EcsContainer\n", env=RELATIVE
    ),
    "instance": default(env={"AWS_EC2_METADATA_DISABLED": ""}),
    "pod": default(
        env={
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/one",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{authorization}",
        }
    ),
}
