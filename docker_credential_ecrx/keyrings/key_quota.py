"""What uses the user's quota of kernel keys."""

from typing import TYPE_CHECKING, NamedTuple

from docker_credential_ecrx.keyrings import key_payload, proc_keys, service_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker_credential_ecrx.keyrings.kernel import KernelKeyring

_DESCRIPTION_BYTES = 100  # of a token's key
_MOST_NAMED = 3


class Usage(NamedTuple):
    """What the user's quota is used for; ``replaceable`` are the number and bytes of tokens that can be fetched again.

    ``others`` are the sizes and descriptions of other programs' keys, the largest first.
    """

    quota: proc_keys.Quota
    replaceable: tuple[int, int]
    others: list[tuple[int, str]]

    def has_room(self, size: int) -> bool:
        """Return whether there is room for a token of ``size`` bytes."""
        return self.quota.keys < self.quota.most_keys and self._free(size) >= 0

    def can_make_room(self, size: int) -> bool:
        """Return whether there is room for a token of ``size`` bytes if others are deleted."""
        keys, freed = self.replaceable
        return self.quota.keys - keys < self.quota.most_keys and self._free(size) + freed >= 0

    def describe(self) -> str:
        """Say how much is used, and by which other keys."""
        now = self.quota
        parts = [f"{now.keys} of {now.most_keys} keys and {now.used:,} of {now.limit:,} bytes are used"]
        if self.others:
            named = ", ".join(f"{description} ({size:,} bytes)" for size, description in self.others[:_MOST_NAMED])
            count, total = len(self.others), sum(size for size, _ in self.others)
            parts.append(f"{count} keys of other programs have {total:,} bytes, the largest {named}")
        return "; ".join(parts)

    def _free(self, size: int) -> int:
        return self.quota.limit - self.quota.used - size - _DESCRIPTION_BYTES


def usage(ring: "KernelKeyring") -> Usage | None:
    """Return what the user's quota is used for, or None if the kernel does not show it."""
    found = proc_keys.quota()
    if found is None:
        return None
    sizes = []
    for key, _, description in ring.ours():
        try:
            payload = ring.keys.read(key)
        except OSError:
            continue  # deleted in the meantime
        if not key_payload.is_by_hand(payload):
            sizes.append(len(payload) + len(description))
    return Usage(found, (len(sizes), sum(sizes)), sorted(_others(), reverse=True))


def _others() -> "Iterator[tuple[int, str]]":
    """Yield size and description of each key of this user that is not this program's, and no keyring."""
    for key in proc_keys.own_keys():
        size = key.payload.partition(" ")[0]
        if key.kind != "keyring" and not key.description.startswith(service_of("")) and size.isdecimal():
            yield int(size) + len(key.description), key.description
