"""Makes room for a key in the kernel keyring if the user's quota is full.

In this order: it deletes the key that is replaced, adds a ``big_key``, and deletes other keys, one after another.
Nothing goes to another keyring: a token there would outlive its key, which is what leads to it.
What a person stored, because AWS asked for an MFA code or with ``docker login``, goes last, and never for a secret that
can be fetched again.
Imported only if there is no room.
"""

import errno
import time
from collections.abc import Iterator
from typing import NamedTuple

from docker_credential_ecrx.keyrings import key_payload, proc_keys, service_of
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
from docker_credential_ecrx.keyrings.keyctl import BIG, USER

# To wait for the kernel, for each key that is deleted, and for all.
_SWEEP_TRIES, _SWEEP_SECONDS, _ALL_SECONDS = 20, 0.01, 2.0
_SAME_TIME_SECONDS = 1800
_LOGIN = service_of("login:").encode()
# There is no room, or the kernel has no such keys.
_NO_ROOM = (errno.EDQUOT, errno.ENODEV)


class NewKey(NamedTuple):
    """A key to add, for ``seconds``; ``kinds`` are the types that it may have."""

    description: bytes
    payload: bytes
    seconds: int
    kinds: tuple[bytes, ...]

    def __repr__(self) -> str:
        """Leave the payload out."""
        return f"NewKey({self.description!r})"


class _Victim(NamedTuple):
    """A key that may be deleted; it ``is_small`` if its secret is not in the quota."""

    by_hand: bool
    is_small: bool
    expiry: int
    key: int


def add(ring: KernelKeyring, new: NewKey) -> None:
    """Add ``new`` to ``ring``.

    Raises OSError if there is no room.
    """
    end = time.monotonic() + _ALL_SECONDS
    if ring.delete_kind(new.description, USER) and _is_added_in_time(ring, new, end):
        return
    if BIG in new.kinds and _is_added(ring, new, BIG):
        return
    if ring.evicts and len(new.payload) + len(new.description) < proc_keys.most_bytes():
        for victim in _victims(ring, new):
            _delete(ring, victim)
            if _is_added_in_time(ring, new, end):
                return
    ring.add(new.description, new.payload, new.seconds)  # another process may have made room


def _delete(ring: KernelKeyring, victim: _Victim) -> None:
    try:
        ring.revoke(victim.key)
    except OSError:
        pass  # deleted in the meantime, which makes room as well


def _is_added_in_time(ring: KernelKeyring, new: NewKey, end: float) -> bool:
    """Add ``new`` as soon as the kernel has collected what was deleted: until then, its description counts."""
    for _ in range(_SWEEP_TRIES):
        if any(_is_added(ring, new, kind) for kind in new.kinds):
            return True
        if time.monotonic() > end:
            break
        time.sleep(_SWEEP_SECONDS)
    return False


def _is_added(ring: KernelKeyring, new: NewKey, kind: bytes) -> bool:
    try:
        ring.add(new.description, new.payload, new.seconds, kind)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        return False
    return True


def _victims(ring: KernelKeyring, new: NewKey) -> Iterator[_Victim]:
    """Yield the keys to delete one after another until ``new`` has room.

    Those that can be fetched again come first, of these the ones that take more room, and then those that expire first.
    If several identities are used in turn, and have more tokens than there is room for, the oldest token is the one
    that is needed next: so of those that were stored in the same half hour, the newest comes first.
    """
    found = sorted(_others(ring, new.description))
    may_delete_all = key_payload.is_by_hand(new.payload) or new.description.startswith(_LOGIN)
    while found:
        first = found[0]
        if first.by_hand and not may_delete_all:
            return
        end = first.expiry if first.by_hand else first.expiry + _SAME_TIME_SECONDS
        victim = [other for other in found if other[:2] == first[:2] and other.expiry <= end][-1]
        found.remove(victim)
        yield victim


def _others(ring: KernelKeyring, replaced: bytes) -> Iterator[_Victim]:
    for key, kind, description in ring.ours():
        if description != replaced:
            try:
                payload = ring.keys.read(key)
            except OSError:
                continue  # deleted in the meantime
            by_hand = key_payload.is_by_hand(payload) or description.startswith(_LOGIN)
            yield _Victim(by_hand, kind == BIG, key_payload.expiry_of(payload), key)
