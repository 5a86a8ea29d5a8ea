"""Parses the ARN of a principal; without ``re``, since a cached get may parse a role's.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
"""

from docker_credential_ecrx.ecr.registry import is_account

_PARTS = 6  # arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE
_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz-")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html lists the characters of names and paths.
_NAME_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-")
_PATH_CHARACTERS = frozenset(map(chr, range(0x21, 0x7F)))
_KINDS = {"iam": ("root", "role", "user"), "sts": ("assumed-role", "federated-user")}


class Arn:
    """A principal's ARN.

    ``account`` is 12 digits; ``kind`` is ``root``, ``role``, ``user``, ``assumed-role`` (a role's session) or
    ``federated-user``.
    ``name`` is without its path; that of a session is its role's, and that of a root is empty.
    """

    __slots__ = ("account", "kind", "name", "partition")

    def __init__(self, partition: str, account: str, kind: str, name: str) -> None:
        self.partition = partition
        self.account = account
        self.kind = kind
        self.name = name


def parse(text: str) -> Arn | None:
    """Return the principal with the ARN ``text``, or None if it is not a principal's ARN."""
    parts = text.split(":", _PARTS - 1)
    if len(parts) != _PARTS:
        return None
    scheme, partition, service, region, account, resource = parts
    kind, slash, rest = resource.partition("/")
    name = _name_in(kind, rest) if slash else ""
    if (
        (scheme, region) != ("arn", "")
        or not (partition.startswith("aws") and _LOWER.issuperset(partition))
        or not is_account(account)
        or kind not in _KINDS.get(service, ())
        or (kind == "root") != (slash == "")
        or name is None
    ):
        return None
    return Arn(partition, account, kind, name)


def role(text: str) -> Arn | None:
    """Return the role with the ARN ``text``, or None if it is not a role's ARN."""
    found = parse(text)
    return found if found is not None and found.kind == "role" else None


def _name_in(kind: str, rest: str) -> str | None:
    """Return the name in ``rest``, which is NAME/SESSION or [PATH/]NAME, or None if it has another form."""
    if kind == "assumed-role":
        name, _, session = rest.partition("/")
        is_whole = session != "" and _PATH_CHARACTERS.issuperset(session)
    else:
        path, slash, name = rest.rpartition("/")
        is_whole = (path != "") == (slash != "") and _PATH_CHARACTERS.issuperset(path)
    return name if is_whole and name and _NAME_CHARACTERS.issuperset(name) else None
