"""Parses the host name of an ECR registry: account, region, partition, and kind of endpoint."""

# ID.dkr.ecr[-fips].REGION.SUFFIX, by suffix: its partitions, each with the prefix of its regions' names.
# From botocore's partitions.json; prefixes instead of a list of regions, so that new regions work.
SUFFIXES = {
    "amazonaws.com": (("aws-us-gov", "us-gov"), ("aws", "")),
    "amazonaws.com.cn": (("aws-cn", "cn"),),
    "amazonaws.eu": (("aws-eusc", "eusc-de"),),
    "c2s.ic.gov": (("aws-iso", "us-iso"),),
    "sc2s.sgov.gov": (("aws-iso-b", "us-isob"),),
    "cloud.adc-e.uk": (("aws-iso-e", "eu-isoe"),),
    "csp.hci.ic.gov": (("aws-iso-f", "us-isof"),),
}
# ID.dkr-ecr[-fips].REGION.SUFFIX, likewise.
DUAL_STACK_SUFFIXES = {
    "on.aws": SUFFIXES["amazonaws.com"],
    "on.amazonwebservices.com.cn": SUFFIXES["amazonaws.com.cn"],
}
_PUBLIC_HOSTS = {"public.ecr.aws": False, "ecr-public.aws.com": True}

ECR_USER = "AWS"  # of every registry

# The commercial partition's regions begin with any two letters but these, which others have.
_OTHER_PREFIXES = frozenset(prefix for partitions in SUFFIXES.values() for _, prefix in partitions)
_DIGITS = frozenset("0123456789")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_ACCOUNT_LENGTH = 12


class Registry:
    """One ECR registry.

    ``host`` is the name that clients use, in lower case: ``ecr_host``, which is ECR's own name and has no port, or a
    host of the user's own that stands for it. ``account`` is 12 digits, or empty for ECR Public;
    ``service`` is botocore's name, ``ecr`` or ``ecr-public``; ``endpoint_url`` is empty unless ECR's API for this
    registry is not at AWS's usual endpoint.
    """

    __slots__ = (
        *("account", "dual_stack", "ecr_host", "endpoint_url", "fips", "host", "partition", "region", "service"),
    )

    def __init__(  # noqa: PLR0913 - the parts of a host name
        self,
        host: str,
        account: str,
        region: str,
        partition: str,
        service: str = "ecr",
        *,
        fips: bool = False,
        dual_stack: bool = False,
        ecr_host: str = "",
        endpoint_url: str = "",
    ) -> None:
        self.host = host
        self.ecr_host = ecr_host or host
        self.endpoint_url = endpoint_url
        self.account = account
        self.region = region
        self.partition = partition
        self.service = service
        self.fips = fips
        self.dual_stack = dual_stack

    @classmethod
    def parse(cls, server: str) -> "Registry | None":
        """Return the ECR registry that ``server`` names, or None if it is not exactly one of ECR's host names.

        A look-alike must never get a token, so every form that AWS does not document is None.
        """
        host = host_of(server)
        if host is None:
            return None
        if host in _PUBLIC_HOSTS:
            return cls(host, "", "us-east-1", "aws", "ecr-public", dual_stack=_PUBLIC_HOSTS[host])
        account, _, rest = host.partition(".")
        if not is_account(account):
            return None
        for infix, suffixes, dual_stack in (("dkr.ecr", SUFFIXES, False), ("dkr-ecr", DUAL_STACK_SUFFIXES, True)):
            if rest.startswith(infix):
                tail = rest[len(infix) :]
                fips = tail.startswith("-fips.")
                extra, _, place = tail.removeprefix("-fips").partition(".")
                region, _, suffix = place.partition(".")
                partition = _partition(region, suffixes.get(suffix, ()))
                # China has no dual-stack FIPS endpoint.
                if extra or partition is None or (fips and dual_stack and partition == "aws-cn"):
                    return None
                return cls(host, account, region, partition, fips=fips, dual_stack=dual_stack)
        return None

    def called(self, host: str, endpoint_url: str = "") -> "Registry":
        """Return this registry under the name ``host``, with ECR's API at ``endpoint_url``."""
        return Registry(
            *(host, self.account, self.region, self.partition, self.service),
            fips=self.fips,
            dual_stack=self.dual_stack,
            ecr_host=self.ecr_host,
            endpoint_url=endpoint_url,
        )


def is_account(value: object) -> bool:
    """Return whether ``value`` is the ID of an AWS account."""
    return isinstance(value, str) and len(value) == _ACCOUNT_LENGTH and _DIGITS.issuperset(value)


def host_of(server: str) -> "str | None":
    """Return the host that ``server`` names, in lower case, or None if ECR cannot have such a host.

    Clients send ``H``, ``H:443``, ``http(s)://H[:443][/]`` and ``H/repo/path``.
    """
    if not server.isascii():  # some non-ASCII letters become ASCII in lower case, and so a look-alike
        return None
    lower = server.lower()
    for scheme in ("https://", "http://"):
        if lower.startswith(scheme):
            lower = lower[len(scheme) :]
            break
    return lower.partition("/")[0].removesuffix(":443") or None


def _partition(region: str, candidates: "tuple[tuple[str, str], ...]") -> "str | None":
    """Return the one of ``candidates`` whose regions have the form of ``region``, AREA-PLACE-NUMBER."""
    start, _, number = region.rpartition("-")
    area, _, place = start.rpartition("-")
    if not (number and _DIGITS.issuperset(number) and place and _LETTERS.issuperset(place)):
        return None
    for partition, prefix in candidates:
        is_any = len(area) == len("us") and area not in _OTHER_PREFIXES and _LETTERS.issuperset(area)
        if area == prefix if prefix else is_any:
            return partition
    return None
