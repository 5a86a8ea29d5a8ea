"""Says what is wrong with a name that is not a registry of ECR, and what to write instead."""

import re

from docker_credential_ecrx.ecr.registry import DUAL_STACK_SUFFIXES, SUFFIXES, Registry, host_of, is_account

FORM = "ACCOUNT.dkr.ecr.REGION.amazonaws.com"
_ANY_ACCOUNT = "000000000000"
_WORDS = frozenset(("dkr", "ecr", "amazonaws"))  # of the names of ECR's hosts
_ALIKE = re.compile(
    r"(?P<account>[^.]*)\.(?P<infix>dkr[.-]ecr(?P<fips>-fips)?)(\.(?P<region>[a-z0-9-]+))?\.(?P<suffix>"
    rf"{'|'.join(map(re.escape, (*SUFFIXES, *DUAL_STACK_SUFFIXES)))})"
)
_PATH = r"(?P<path>/[a-z0-9][a-z0-9._/-]*)"
# What names a repository, or an account and a region, in another way than an image does.
_OTHER_FORMS = (
    re.compile(rf"arn:aws[a-z-]*:ecr:(?P<region>[a-z0-9-]+):(?P<account>\d{{12}}):repository{_PATH}"),
    re.compile(r"aws://(?P<account>\d{12})/(?P<region>[a-z0-9-]+)(?P<path>)/?"),  # as the CDK names it
    re.compile(  # the address of a page of AWS's console
        r"(https://)?((?P<account_of_host>\d{12})-\w+\.)?(?P<region>[a-z]{2}[a-z-]*-\d+)\.console\.[a-z0-9.-]+/ecr/"
        rf"repositories/private/(?P<account>\d{{12}}){_PATH}([?#].*)?"
    ),
)
_TAGGED = re.compile(r"(?P<host>[a-z0-9.-]+):(?P<tag>[A-Za-z0-9_.-]*[A-Za-z_.-][A-Za-z0-9_.-]*)")
# A hyphen may be missing.
_PLACE = re.compile(r"(?P<area>[a-z]{2}(-gov|-iso[a-z]?)?)-?(?P<place>[a-z]+)-?(?P<number>\d)")
_REPOSITORY = re.compile(r"[a-z0-9_-]+/[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9._-]+)?")


def is_like_ecr(name: str) -> bool:
    """Return whether the host of ``name`` has a word of ECR's hosts in it, and so is hardly a user's own."""
    return not _WORDS.isdisjoint(re.split(r"[.-]", (host_of(name) or "").partition(":")[0]))


def meant(name: str) -> str:
    """Return the registry or image that ``name`` names in another form or among other words, or an empty text."""
    typed = name.strip()
    for form in _OTHER_FORMS:
        found = form.fullmatch(typed)
        hosts = (f"{found['account']}.dkr.ecr.{found['region']}.{suffix}" for suffix in SUFFIXES) if found else ()
        host = next(filter(Registry.parse, hosts), "")
        if found and host:
            return f"{host}{found['path']}"
    words = re.split(r"""[\s'"]+""", typed)
    named = [word for word in words if Registry.parse(word)]
    return re.sub("^https?://", "", named[0]) if len(words) > 1 and len(named) == 1 else ""


def correction(name: str) -> str:
    """Return what is wrong with ``name``, if that is known, and what to write instead, without a password in it."""
    typed = name.strip()
    instead = meant(name)
    if instead:
        return f"{'that is an ARN: ' if typed.startswith('arn:') else ''}write {instead}"
    if _REPOSITORY.fullmatch(typed):
        return f"that names no registry: write {FORM}/{typed}"
    host = host_of(re.sub(r"^(\w+://)?([^/]*@)?", "", typed)) or ""
    bare = re.sub(r"(:\d+)?\.*$", "", host)
    if Registry.parse(bare):
        return f"write it without {_around(name, typed, host)}: {bare}"
    tagged = _TAGGED.fullmatch(host)
    if tagged and Registry.parse(tagged["host"]):
        return f"that names no repository: write {tagged['host']}/REPOSITORY:{tagged['tag']}"
    if is_account(bare):
        return f"that has no region: write {bare}.dkr.ecr.REGION.amazonaws.com"
    alike = _ALIKE.fullmatch(bare)
    return _corrected(alike) if alike else f"write {FORM} or public.ecr.aws, the only registries that need this program"


def _around(name: str, typed: str, host: str) -> str:
    """Name what is around a right host."""
    if name != typed:
        return "the white space"
    if host.endswith("."):
        return "the dot at its end"
    return "the port" if ":" in host else "what precedes the host"


def _corrected(alike: "re.Match[str]") -> str:
    account, region, suffix = alike["account"], alike["region"], alike["suffix"]
    wrong = []
    if not is_account(account):
        is_number = account.isdecimal()
        wrong.append(f"an account has 12 digits{f', and this has {len(account)}' if is_number else ''}")
        account = "ACCOUNT"
    # A dual-stack host has another separator than the others.
    pairs = [(".", SUFFIXES), ("-", DUAL_STACK_SUFFIXES)]
    (separator, suffixes), (other, others) = pairs[::-1] if suffix in DUAL_STACK_SUFFIXES else pairs
    plain, fips = f"dkr{separator}ecr", alike["fips"] or ""
    infix = plain + fips
    place = _PLACE.fullmatch(region or "")
    regions = (region, "-".join(place.group("area", "place", "number")) if place else "")
    # The region may be right, and the suffix that of another partition, which may have no dual-stack or FIPS hosts.
    own = (suffix, *suffixes)
    kinds = ((infix, own), (plain, own), (f"dkr{other}ecr{fips}", others))
    ends = (f"{begin}.{name}.{end}" for begin, those in kinds for name in regions for end in those)
    instead = next(filter(_is_end, ends), f"{infix}.REGION.{suffix}")
    if infix != alike["infix"] and not instead.startswith(f"{alike['infix']}."):
        wrong.append(f"a host in {suffix} has {infix}, not {alike['infix']}")
    if not region:
        wrong.append("it has no region")
    elif fips and instead == f"{plain}.{region}.{suffix}":
        wrong.append(f"{region} has no FIPS host in {suffix}")
    elif not _is_end(f"{infix}.{region}.{suffix}"):
        wrong.append(f"{region} is not a region of {suffix}")
    said = ", and ".join(wrong) or "it is not a host of ECR"
    return f"{said}: write {account}.{instead}"


def _is_end(end: str) -> bool:
    return Registry.parse(f"{_ANY_ACCOUNT}.{end}") is not None
