"""The real kernel keyring: how, how long and for whom it stores keys, and which ones it evicts when it is full."""

import errno
import json
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from keyring.backend import KeyringBackend
from keyring.core import load_keyring
from keyring.errors import PasswordDeleteError, PasswordSetError
from keyrings.contract import ALTERNATIVE, LIFE_SECONDS, TOKEN, KeyringContract

from docker_credential_ecrx.errors import KeyringError
from docker_credential_ecrx.keyrings import USERNAME, service_of
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
from docker_credential_ecrx.keyrings.keyctl import BIG, PROCESS_KEYRING, Keyctl
from support import keyrings, need, trace
from support.users import another_user

BACKEND = "docker_credential_ecrx.keyrings.kernel_backend.Keyring"
MOST_KEYS = 200  # that a user may have (/proc/sys/kernel/keys/maxkeys)
# More than the kernel lets a key of the type ``user`` hold, and no base64.
TOO_LONG = "-" * 0x8000

ELSEWHERE = """\
import sys
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
print(KernelKeyring().get(sys.argv[1]))
"""
# Stores secrets of one size for the lifetimes in argv, until an old one is gone or the new one is rejected.
UNTIL_FULL = """\
import base64, json, os, sys
from docker_credential_ecrx.errors import KeyringError
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
keyring, before, (size, *lives) = KernelKeyring(), [], map(int, sys.argv[1:])
for new in lives:
    try:
        keyring.set(str(new), base64.b64encode(os.urandom(size)).decode(), new)
    except KeyringError:
        pass
    after = [life for life in [*before, new] if keyring.get(str(life))]
    if after != [*before, new]:
        break
    before = after
print(json.dumps([before, after, new]))
"""
# Fills the quota with another program's keys, then stores a token; prints how many others there were then.
FULL_OF_OTHERS = """\
import json
from docker_credential_ecrx.errors import KeyringError
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
keyring, others, counts = KernelKeyring(), [b"other:%d" % number for number in range(100)], []
for kept in others, [b"docker-credential-ecrx:token:ecrx"]:
    try:
        [keyring.set_key(description, "-" * 2000, 3600) for description in kept]
    except KeyringError:
        counts.append(sum(keyring.get_key(other) is not None for other in others))
print(json.dumps(counts))
"""
# Stores more than there is room for, while another process deletes each key right before it is evicted.
RACED = """\
import base64, json, os
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
from docker_credential_ecrx.keyrings.keyctl import Keyctl
class Raced(Keyctl):
    def revoke(self, key):
        self.unlink(key, keyring.ring)
        super().revoke(key)
keyring = KernelKeyring()
keyring.keys = Raced()
secrets = [base64.b64encode(os.urandom(2000)).decode() for number in range(20)]
kept = []
for number, secret in enumerate(secrets):
    keyring.set(str(number), secret, 3600)
    kept.append(keyring.get(str(number)) == secret)
print(json.dumps(kept))
"""
# Replaces a key that fills most of the quota.
RENEWED = """\
import base64, json, os
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
from docker_credential_ecrx.keyrings.proc_keys import most_bytes
keyring = KernelKeyring()
secrets = [base64.b64encode(os.urandom(most_bytes() * 2 // 3)).decode() for number in range(3)]
kept = []
for secret in secrets:
    keyring.set("other", "word", 3600)
    keyring.set("name", secret, 7200)
    kept.append([keyring.get("name") == secret, keyring.get("other")])
print(json.dumps(kept))
"""
# Writes a secret each time that stdin asks for it.
PUT = """\
import sys
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
keyring = KernelKeyring()
for number in range(int(sys.argv[2])):
    keyring.set(sys.argv[1], "killed", 3600)
"""
# Writes more than the quota holds.
OVERFILLED = """\
import base64, os
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
keyring = KernelKeyring()
for number in range(5):
    keyring.set(f"overfilled:{number}", base64.b64encode(os.urandom(6000)).decode(), 3600 + number)
"""
# In each of four rounds, reads the token of each of argv[1] identities, and stores a new one if there is none, which
# expires a second after the one before, as if it was stored then.
# Prints how many were found in each round.
ROTATION = """\
import base64, json, os, sys
from docker_credential_ecrx import keyrings
from docker_credential_ecrx.store import cached_token
keyring, life, hits = keyrings.for_tokens("auto"), 11 * 3600, []
names = [f"token:ecr:aws:eu-central-1:{number:032x}" for number in range(int(sys.argv[1]))]
for _ in range(4):
    hits.append(0)
    for name in names:
        if cached_token.load(name, keyring):
            hits[-1] += 1
        else:
            words = {"payload": base64.b64encode(os.urandom(1240)).decode()}
            words["datakey"] = base64.b64encode(os.urandom(132)).decode()
            words |= {"version": "2", "type": "DATA_KEY", "expiration": 1764379200}
            password = base64.b64encode(json.dumps(words, separators=(",", ":")).encode()).decode()
            token = cached_token.new_token(password, name, life, cached_token.now())
            cached_token.save(name, token, keyring)
            life += 1
print(json.dumps(hits))
"""
# Stores what a person stored, then tokens that AWS issues at any time, and prints which are left of the former.
BY_HAND = """\
import base64, json, os
from docker_credential_ecrx.errors import KeyringError
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
keyring = KernelKeyring()
made = ["token:mfa", "login:111111111111.dkr.ecr.us-east-1.amazonaws.com"]
def store(name, seconds, by_hand):
    keyring.set(name, base64.b64encode(os.urandom(1700)).decode(), seconds, by_hand=by_hand)
for name in made:
    store(name, 600, True)
for number in range(14):
    store(f"token:{number}", 3600, False)
left = [name for name in made if keyring.get(name)]
cached = sum(keyring.get(f"token:{number}") is not None for number in range(14))
more = [f"login:{number}" for number in range(14)]
for number, name in enumerate(more):
    store(name, 700 + number, True)
try:
    store("token:late", 3600, False)
    said = ""
except KeyringError as error:
    said = error.message
print(json.dumps([left, cached, [name for name in [*made, *more] if keyring.get(name)], said]))
"""
# Has as many tokens as possible in keys of the type ``user``, and the others in ``big_key``s, as a kernel that has them
# stores them: prints what is read, how it is listed, and what is left after each is deleted.
BIG_KEYS = """\
import base64, errno, json, os
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
from docker_credential_ecrx.keyrings.keyctl import BIG, USER, Keyctl
keyring = KernelKeyring()
names = [f"token:{number}" for number in range(40)]
secrets = {name: base64.b64encode(os.urandom(1700)).decode() for name in names}
for number, name in enumerate(names):
    keyring.set(name, secrets[name], 3600 + number)
read = [keyring.get(name) == secrets[name] for name in names]
kinds = sorted({kind.decode() for _, kind, _ in keyring.ours()})
listed = sorted(keyring.names()) == sorted(names)
for name in names:
    keyring.set(name, "again", 3600)
again = [keyring.get(name) for name in names]
for name in names:
    keyring.delete(name)
print(json.dumps([read, kinds, listed, again, keyring.names()]))
"""
# Reads a token as a kernel with big keys has it, and prints it, and the modules that reading it imported.
BIG_HIT = """\
import json, sys
from docker_credential_ecrx.keyrings import key_payload
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
from docker_credential_ecrx.keyrings.keyctl import BIG, USER, Keyctl
class Big(Keyctl):
    def search(self, ring, description, kind=USER):
        if kind != BIG:
            raise OSError(126, "Required key not available")
        return super().search(ring, description)
keyring = KernelKeyring()
keyring.set("token:big", "big", 60)
keyring.keys, before = Big(), {*sys.modules}
print(json.dumps([keyring.get("token:big"), sorted({*sys.modules} - before)]))
"""
# Prints what is stored under argv[1] where an own user namespace of argv[2:] begins.
INSIDE = """\
import json, sys
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
keyring = KernelKeyring()
said = [keyring.get(name) for name in sys.argv[2:]]
if sys.argv[1] == "set":
    for name in sys.argv[2:]:
        keyring.set(name, "from inside", 3600)
    said = [keyring.get(name) for name in sys.argv[2:]]
if sys.argv[1] == "delete":
    for name in sys.argv[2:]:
        keyring.delete(name)
print(json.dumps([said, sorted(keyring.names())]))
"""
# Makes a keyring that is called as root's own, with keys that everybody may read.
PLANTED = """\
ring=$(keyctl newring _persistent.0 @s)
for name; do keyctl setperm $(keyctl add user "$name" "9999999999 tplanted" $ring) 0x3f3f3f3f; done
keyctl setperm $ring 0x3f3f3f3f"""
# Links a key to its own keyring; prints its size, and after a line on stdin the error of reading it.
HOLDER = """\
import sys
from docker_credential_ecrx.keyrings.keyctl import Keyctl, PROCESS_KEYRING
keys = Keyctl()
keys.persistent()
key = int(sys.argv[1])
keys.link(key, PROCESS_KEYRING)
print(len(keys.read(key)), flush=True)
sys.stdin.readline()
try:
    print(len(keys.read(key)))
except OSError as error:
    print(error.errno)
"""
# Prints what users of the keyring library get from the backend if the kernel has or permits no keys.
WITHOUT = """\
import json, sys
import keyring.backend
from keyring import errors
sys.platform, _, maxsize = sys.argv[1].partition(" ")
sys.maxsize = int(maxsize or sys.maxsize)
from docker_credential_ecrx.keyrings.kernel_backend import Keyring
said = [[Keyring.viable]]
for call in ("get_password", "set_password", "delete_password"):
    try:
        getattr(Keyring, call)(Keyring(), *["x"] * (3 if call == "set_password" else 2))
    except errors.KeyringError as error:
        said.append([type(error).__name__, str(error).partition(";")[0]])
print(json.dumps([said, "docker_credential_ecrx.keyrings.keyctl" in sys.modules]))
"""
SECCOMP = Path(__file__).parents[1] / "support" / "seccomp.py"


@pytest.fixture
def keyring(kernel: dict[str, str]) -> KernelKeyring:  # noqa: ARG001 - cleans up
    try:
        return KernelKeyring()
    except KeyringError as error:
        need.missing(str(error))


@pytest.fixture
def name() -> str:
    """Return a name that no key has had."""
    return f"test:{uuid.uuid4().hex}"


@pytest.fixture
def library() -> KeyringBackend:
    """Return the backend that other programs choose."""
    return load_keyring(BACKEND)


@pytest.fixture
def failing(kernel: dict[str, str]) -> KernelKeyring:  # noqa: ARG001 - cleans up
    """Return a keyring whose ring is none to the kernel."""
    found = KernelKeyring(ALTERNATIVE)
    found.ring = 0  # the kernel keeps its own as long as there is a user
    return found


@pytest.fixture
def unavailable(monkeypatch: pytest.MonkeyPatch) -> Callable[[], KernelKeyring]:
    """Return what opens the keyring in a program of 32 bits, whose numbers of system calls are not known."""
    monkeypatch.setattr(sys, "maxsize", 2**31 - 1)
    return lambda: KernelKeyring(ALTERNATIVE)


def keys_of(name: str) -> list[list[str]]:
    """Return the fields of /proc/keys of each key for ``name`` in the user's keyring, the serial number first.

    A replaced key is in /proc/keys until the kernel has collected it.
    """
    serials = {f"{int(serial):08x}" for serial in keyrings.kernel_keys()}
    return [key for key in keyrings.shown(name) if key[0] in serials]


def serial_of(name: str) -> str:
    ((serial, *_),) = keys_of(name)
    return str(int(serial, 16))


def run(*command: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(command, input=stdin, stdout=subprocess.PIPE, check=True).stdout


def in_another_program(action: str, name: str, stdin: bytes = b"") -> None:
    """Change the key of ``name`` as another program of the user's may."""
    possess = "keyctl get_persistent @s || keyctl link @u @s"
    run(
        need.command("keyctl"), "session", "-", "sh", "-c", f"{possess}; keyctl {action} {serial_of(name)}", stdin=stdin
    )


def as_ordinary_user(script: str, *arguments: int) -> Any:  # noqa: ANN401 - JSON
    """Run ``script`` as a user who has a quota, and no key yet; return what it prints."""
    # The Python that runs the tests may be in root's home.
    with another_user() as user:
        return json.loads(run(*user, sys.executable, "-c", script, *map(str, arguments)))


@contextmanager
def in_another_session(user: list[str], script: str, *arguments: str) -> Iterator[None]:
    """Run a shell's ``script`` as ``user`` in a session with a keyring of its own, until the block ends."""
    command = [*user, need.command("keyctl"), "session", "-", "sh", "-c", f"{script}; echo ready; read _", "sh"]
    with subprocess.Popen([*command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert any(line == b"ready\n" for line in process.stdout)
        yield
        process.communicate(b"\n")


def has_big_keys() -> bool:
    """Return whether this kernel has keys of the type ``big_key``."""
    keys = Keyctl()
    try:
        keys.unlink(keys.add(b"ecrx-test", b"-" * 4000, PROCESS_KEYRING, BIG), PROCESS_KEYRING)
    except OSError:
        return False
    return True


class TestContract(KeyringContract):
    """The kernel's keyring is a keyring."""


class TestKernelKeyring:
    def test_replaces_the_key_of_a_name(self, keyring: KernelKeyring, name: str) -> None:
        for secret in ("first", TOKEN, "third"):
            keyring.set(name, secret, LIFE_SECONDS)

        assert "third" == keyring.get(name)
        assert 1 == len(keys_of(name))

    @pytest.mark.parametrize(("seconds", "shown"), [(90 * 60, "1h"), (36 * 3600, "1d")])
    @pytest.mark.parametrize("earlier", [LIFE_SECONDS, None])
    def test_sets_the_expiry_of_the_key(
        self, keyring: KernelKeyring, name: str, earlier: int | None, seconds: int | None, shown: str
    ) -> None:
        keyring.set(name, "earlier", earlier)
        keyring.set(name, TOKEN, seconds)

        ((_, _, _, expiry, *_),) = keys_of(name)
        assert shown == expiry

    @pytest.mark.parametrize("seconds", [None, 10**9, 0, -5])
    def test_always_sets_an_expiry(self, keyring: KernelKeyring, name: str, seconds: int | None) -> None:
        """Every key expires, whatever lifetime is requested."""
        keyring.set(name, TOKEN, seconds)

        # A key with a lifetime of a second may be gone by now.
        assert [] == [key for key in keys_of(name) if key[3] not in {"0s", "1s", "expd", "2d", "3d"}]

    def test_deleted_key_is_unreadable_to_other_holders(self, keyring: KernelKeyring, name: str) -> None:
        """A process that holds the key in a keyring of its own cannot read it once it was dropped."""
        keyring.set(name, TOKEN, LIFE_SECONDS)
        (serial,) = (serial for serial, text in keyrings.kernel_keys().items() if name in text)
        command = [sys.executable, "-c", HOLDER, serial]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            held = int(holder.stdout.readline())
            keyring.delete(name)
            said, _ = holder.communicate(b"\n")

        assert held > 1000
        assert errno.EKEYREVOKED == int(said)

    def test_only_the_owner_may_view_read_and_search_the_key(self, keyring: KernelKeyring, name: str) -> None:
        keyring.set(name, TOKEN, LIFE_SECONDS)

        described = run(need.command("keyctl"), "rdescribe", serial_of(name), ";").decode().strip()
        assert f"user;{os.getuid()};{os.getgid()};3f0b0000;docker-credential-ecrx:{name}:ecrx" == described

    def test_is_readable_from_another_login_session(self, keyring: KernelKeyring, name: str) -> None:
        keyring.set(name, "of this session", LIFE_SECONDS)

        seen = run(need.command("keyctl"), "session", "-", sys.executable, "-c", ELSEWHERE, name)
        assert "of this session" == seen.decode().splitlines()[-1]

    def test_is_readable_by_an_owner_without_possession(self, keyring: KernelKeyring, name: str) -> None:
        keyring.set(name, "not base64", LIFE_SECONDS)

        assert run(need.command("keyctl"), "session", "-", "keyctl", "pipe", serial_of(name)).endswith(b"not base64")

    def test_rejects_too_long_secret_and_keeps_the_old_one(self, keyring: KernelKeyring, name: str) -> None:
        keyring.set(name, TOKEN, LIFE_SECONDS)

        with pytest.raises(KeyringError, match="cannot write to the kernel keyring") as refused:
            keyring.set(name, TOO_LONG, LIFE_SECONDS)

        assert TOKEN == keyring.get(name)
        assert "---" not in str(refused.value)

    @pytest.mark.parametrize(
        "payload",
        [b"word", b"{}", b"two words", b"some birds", b"9 ", b"9 x", b"9 t\xff", b"9 b\xff\0", b"9 bno end", b"\0"],
    )
    def test_ignores_data_of_another_program(self, keyring: KernelKeyring, name: str, payload: bytes) -> None:
        keyring.set(name, TOKEN, LIFE_SECONDS)
        in_another_program("pupdate", name, payload)

        assert keyring.get(name) is None

    @pytest.mark.parametrize("action", ["revoke", "invalidate"])
    def test_revoked_key_is_missing(self, keyring: KernelKeyring, name: str, action: str) -> None:
        keyring.set(name, TOKEN, LIFE_SECONDS)
        in_another_program(action, name)

        assert keyring.get(name) is None
        keyring.set(name, "again", LIFE_SECONDS)
        assert "again" == keyring.get(name)


class TestFullKeyring:
    @pytest.mark.parametrize(
        ("size", "lives"),
        [
            (2000, [3600 * number for number in range(1, 60)]),
            (2000, [3600 * number for number in range(60, 1, -1)]),
            (2000, [3600 * (1 + 37 * number % 60) for number in range(60)]),
            (1, [3600 * number for number in range(1, MOST_KEYS + 2)]),
        ],
        ids=["bytes, oldest first", "bytes, oldest last", "bytes, mixed", "keys"],
    )
    @pytest.mark.usefixtures("keyring")
    def test_evicts_tokens_that_expire_first(self, size: int, lives: list[int]) -> None:
        before, after, new = as_ordinary_user(UNTIL_FULL, size, *lives)

        kept = [lifetime for lifetime in before if lifetime in after]
        assert sorted([*sorted(before)[len(before) - len(kept) :], new]) == sorted(after)
        assert 0 < len(kept) < len(before)

    @pytest.mark.usefixtures("keyring")
    def test_stores_the_new_one_despite_concurrent_eviction(self) -> None:
        """Another process deletes the keys that were to make room."""
        assert [True] * 20 == as_ordinary_user(RACED)

    @pytest.mark.usefixtures("keyring")
    def test_replaces_a_key_when_the_quota_is_full(self) -> None:
        """A key that has no room beside its successor is replaced, and no other key is evicted."""
        assert [[True, "word"]] * 3 == as_ordinary_user(RENEWED)

    @pytest.mark.usefixtures("keyring")
    def test_leaves_keys_of_other_programs(self) -> None:
        before, after = as_ordinary_user(FULL_OF_OTHERS)

        assert 0 < before == after

    @pytest.mark.parametrize("count", [12, 40])
    @pytest.mark.usefixtures("keyring")
    def test_serves_identities_in_rotation(self, count: int) -> None:
        """Twelve identities' tokens fit; of more, those that fit are served, or all if the kernel has big keys."""
        hits = as_ordinary_user(ROTATION, count)

        fit = count if count <= 12 or has_big_keys() else 11
        assert 0 == hits[0]
        assert min(hits[1:]) >= fit, hits

    @pytest.mark.usefixtures("keyring")
    def test_full_sends_nothing_to_the_session_bus(self, tmp_path: Path) -> None:
        """A token in another keyring would outlive its key, which leads to it, and a hung bus would delay a get."""
        bus = tmp_path / "bus"
        with socket.socket(socket.AF_UNIX) as listener, another_user() as user:
            listener.bind(str(bus))
            listener.listen(200)
            listener.settimeout(0)
            bus.chmod(0o777)
            environment = ["env", f"DBUS_SESSION_BUS_ADDRESS=unix:path={bus}"]
            hits = json.loads(run(*user, *environment, sys.executable, "-c", ROTATION, "14"))
            with pytest.raises(BlockingIOError):
                listener.accept()

        assert has_big_keys() or 0 < min(hits[1:]) < 14  # more tokens than there was room for

    @pytest.mark.usefixtures("keyring")
    def test_evicts_what_a_person_stored_last(self) -> None:
        """It is evicted for what another person stored, the oldest first, and never for a token that AWS issues."""
        left, cached, after, said = as_ordinary_user(BY_HAND)

        assert ["token:mfa", "login:111111111111.dkr.ecr.us-east-1.amazonaws.com"] == left
        assert cached >= 7
        if not has_big_keys():
            assert [f"login:{number}" for number in range(14)][-len(after) :] == after
            assert said == "cannot write to the kernel keyring: Disk quota exceeded"

    @pytest.mark.usefixtures("keyring")
    def test_keeps_big_keys_where_the_kernel_has_them(self) -> None:
        read, kinds, listed, again, names = as_ordinary_user(BIG_KEYS)

        assert (sum(read) == 40) == has_big_keys() == (kinds == ["big_key", "user"])
        assert listed == has_big_keys()
        assert ["again"] * 40 == again
        assert [] == names

    @pytest.mark.usefixtures("keyring")
    def test_imports_nothing_to_read_a_big_key(self) -> None:
        assert ["big", []] == as_ordinary_user(BIG_HIT)


class TestUserNamespace:
    """As root of podman's or buildah's namespace, the user has other keyrings, and reads those outside too."""

    NAMES: ClassVar = ["token:outside", "login:outside"]

    @pytest.fixture
    def outside(self, keyring: KernelKeyring) -> Iterator[KernelKeyring]:
        """Return the keyring outside, with two items."""
        for name in self.NAMES:
            keyring.set(name, "from outside", LIFE_SECONDS)
        yield keyring
        for name in self.NAMES:
            keyring.delete(name)

    def inside(self, action: str, *options: str, env: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Return what INSIDE prints in a user namespace, by default as podman's."""
        command = [need.command("unshare"), "--user", *(options or ("--map-root-user",))]
        done = subprocess.run(
            [*command, sys.executable, "-c", INSIDE, action, *self.NAMES],
            env=os.environ | ({"_CONTAINERS_USERNS_CONFIGURED": "done"} if env is None else env),
            stdout=subprocess.PIPE,
            check=True,
        )
        return json.loads(done.stdout)

    @pytest.mark.parametrize("user", ["0", "1000"])
    def test_has_the_items_outside(self, outside: KernelKeyring, user: str) -> None:
        said, names = self.inside("get", f"--map-user={user}", f"--map-group={user}")

        assert ["from outside"] * 2 == said
        assert set(self.NAMES) <= set(names)
        assert outside

    @pytest.mark.usefixtures("outside")
    def test_of_other_programs_has_the_tokens(self) -> None:
        """Only podman's kind says that it is one, so that a get outside need not find out."""
        said, _ = self.inside("get", env={})

        assert ["from outside", None] == said

    def test_stores_its_own(self, outside: KernelKeyring) -> None:
        said, _ = self.inside("set")

        assert ["from inside"] * 2 == said
        assert ["from outside"] * 2 == [outside.get(name) for name in self.NAMES]

    def test_deletes_the_items_outside(self, outside: KernelKeyring) -> None:
        self.inside("delete")

        assert [None, None] == [outside.get(name) for name in self.NAMES]
        said, names = self.inside("get")
        assert [None, None] == said
        assert set(names).isdisjoint(self.NAMES)

    def test_ignores_keyrings_of_other_users(self, outside: KernelKeyring) -> None:
        """Another user can make a keyring of that name, with keys that everybody may read."""
        outside.delete("login:outside")
        planted = [f"docker-credential-ecrx:{name}:ecrx" for name in self.NAMES]
        with another_user() as user, in_another_session(user, PLANTED, *planted):
            said, names = self.inside("get")

        assert ["from outside", None] == said
        assert "login:outside" not in names

    @pytest.mark.parametrize("action", ["get", "delete"])
    def test_of_user_65534_has_no_items_outside(self, outside: KernelKeyring, action: str) -> None:
        """To user 65534 of a namespace, every user that it has no ID for looks like that user (user_namespaces(7))."""
        said, names = self.inside(action, "--map-user=65534", "--map-group=65534")

        assert [None, None] == said
        assert set(names).isdisjoint(self.NAMES)
        assert ["from outside"] * 2 == [outside.get(name) for name in self.NAMES]

    @pytest.mark.usefixtures("outside")
    def test_reads_no_key_that_has_a_double(self) -> None:
        """Another process of the user's, such as a container's root, can make a keyring of that name."""
        planted = "docker-credential-ecrx:token:outside:ecrx"
        with in_another_session([], PLANTED, planted):
            said, _ = self.inside("get")

        assert [None, "from outside"] == said


class TestKilled:
    """strace kills the writer at each call; what remains expires, or ends with the process."""

    @pytest.mark.parametrize("times", [1, 2], ids=["new", "replaced"])
    def test_leaves_no_key_without_expiry(self, keyring: KernelKeyring, name: str, times: int) -> None:
        command = [sys.executable, "-c", PUT, name, str(times)]

        def put(strace: list[str]) -> "subprocess.CompletedProcess[bytes]":
            return subprocess.run([*strace, *command], capture_output=True, check=False)

        killed = [call for call in trace.kills(put, "add_key", "keyctl") if keyrings.perpetual(name)]

        assert [] == killed
        assert "killed" == keyring.get(name)

    @pytest.mark.usefixtures("keyring")
    def test_eviction_leaves_no_key_without_expiry(self) -> None:
        users: list[list[str]] = []
        with ExitStack() as stack:

            def overfill(strace: list[str]) -> "subprocess.CompletedProcess[bytes]":
                users.append(stack.enter_context(another_user()))
                command = [*strace, *users[-1], sys.executable, "-c", OVERFILLED]
                return subprocess.run(command, capture_output=True, check=False)

            found = trace.kills(overfill, "add_key", "keyctl")
            killed = [call for call in found if keyrings.perpetual("overfilled:", users[-1])]

        assert [] == killed


class TestUnavailableKeyring:
    """Other programs load the backend through the keyring library."""

    @pytest.mark.parametrize(
        ("where", "prefix", "reason", "needs_keyctl"),
        [
            ("win32", [], "the kernel keyring exists only on Linux, and this is win32", False),
            ("darwin", [], "the kernel keyring exists only on Linux, and this is darwin", False),
            (f"linux {2**31 - 1}", [], f"not supported on {os.uname().machine} in 32-bit mode", True),
            ("linux", [sys.executable, str(SECCOMP)], "not available: Operation not permitted", True),
        ],
        ids=["Windows", "macOS", "32 bits", "container"],
    )
    def test_raises_errors_of_the_keyring_library(
        self,
        where: str,
        prefix: list[str],
        reason: str,
        needs_keyctl: bool,  # noqa: FBT001
    ) -> None:
        said, loaded = json.loads(run(*prefix, sys.executable, "-c", WITHOUT, where))

        errors = [["KeyringError"], ["PasswordSetError"], ["PasswordDeleteError"]]
        assert [[False], *errors] == [words[:1] for words in said]
        assert all(words[1].endswith(reason) for words in said[1:])
        assert needs_keyctl == loaded


class TestKernelBackend:
    @pytest.mark.usefixtures("keyring")
    def test_unsupported_calls_raise_library_errors(self, name: str) -> None:
        backend = load_keyring(BACKEND)

        with pytest.raises(PasswordDeleteError, match="not found"):
            backend.delete_password(service_of(name), USERNAME)
        with pytest.raises(PasswordSetError, match="kernel keyring"):
            backend.set_password(service_of(name), USERNAME, TOO_LONG)
