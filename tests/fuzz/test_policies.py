"""A repository's policy and whom it names: what was granted is taken back, and nobody else's statement changes."""

import json
import re

from fuzz.parts import fuzzed, is_line, joined, json_texts, told
from hypothesis import strategies as st

from docker_credential_ecrx import policy, principal
from docker_credential_ecrx.errors import ArgumentError, AwsError

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
PRINCIPAL = re.compile(r"[0-9]{12}|arn:aws:iam::[0-9]{12}:(root|(role|user)/([\x21-\x7e]+/)?[\w+=,.@-]+)", re.ASCII)
_accounts = st.sampled_from(["111111111111", "222222222222", "11111111111", "11111111111\u0661", ""])
_arns = joined(
    st.sampled_from(["arn:aws:iam::", "arn:aws:sts::", "arn:aws-cn:iam::", "arn:aws:iam:us-east-1:", "arn:"]),
    _accounts,
    st.sampled_from([":root", ":role/", ":user/", ":assumed-role/", ":role/path/", ":", "/", ":role//"]),
    st.sampled_from(["", "puller", "a b", "a/b", "a*", "a\n", "é", "A+=,.@-_", "puller/session", "x" * 65]) | st.text(),
)
names = st.one_of(_arns, _arns, _accounts, st.text())
_statements = json_texts("Sid", "Effect", "Allow", "Principal", "AWS", "*", "Action", "ecr:*", "EcrxPull222222222222")
_documents = st.one_of(
    _statements.map(lambda text: f'{{"Version": "2012-10-17", "Statement": {text}}}'),
    st.lists(_statements, max_size=4).map(lambda texts: f'{{"Statement": [{",".join(texts)}]}}'),
    json_texts("Statement", "Version"),
)


@fuzzed(names)
def test_names_only_who_is_written_as_aws_writes_principals(text: str) -> None:
    try:
        found = principal.parse(text, "aws")
    except ArgumentError as error:
        told(error)
    else:
        assert PRINCIPAL.fullmatch(text)
        assert found.account in text
        assert re.fullmatch(r"[A-Za-z0-9]+", found.sid, re.ASCII)
        assert found.root == f"arn:aws:iam::{found.account}:root"


@fuzzed(_documents, st.sampled_from([policy.PULL, policy.PUSH]))
def test_of_any_content_is_granted_to_and_taken_from_one_principal_alone(text: str, access: policy.Access) -> None:
    to = principal.parse("222222222222", "aws")
    try:
        before = policy.read(text)
    except AwsError as error:
        told(error)
        return
    granted = policy.grant(before, to, access)
    revoked = policy.revoke(granted, to)

    assert to.arn in policy.suspects(granted, to)
    assert policy.still_allowed_by(granted, to)
    assert granted == policy.grant(granted, to, access)
    own = [f"{kind.sid}{to.sid}" for kind in (policy.PULL, policy.PUSH)]
    others = [statement for statement in before["Statement"] if statement.get("Sid") not in own]
    assert others == (revoked or {"Statement": []})["Statement"]
    for sid, sentence in policy.summary(granted):
        assert is_line(sentence)
        assert not sid or is_line(sid)
    assert granted == json.loads(policy.pretty(granted), parse_constant=float) or "NaN" in text
