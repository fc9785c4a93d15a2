"""Results whose source changed without changing a number, filed under their new keys.

Old and new source each compute the same small settings. Where their arrays agree to the bit, the
stored results of the old source are those of the new one, and get keys that say so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, cycle
from pathlib import Path
from typing import Any

import numpy as np

from hw1lib.results import keys
from hw1lib.results.store import Entry, Store

Sources = tuple[str, ...]  # the fingerprints of source in a key, in its order


@dataclass(frozen=True)
class Kind:
    """Results that one source of one experiment made, and how another source does."""

    experiment: str
    function: str  # that made them, by name
    old: Sources
    new: Sources
    compared: int  # results that both sources made
    differing: tuple[str, ...]  # names of arrays that are not equal to the bit in all of them

    @property
    def agrees(self) -> bool:
        """Whether both sources made the same, so that results can be filed anew."""
        return bool(self.compared) and not self.differing


def entries(root: Path) -> Iterator[Entry]:
    """Read every intact result under a folder, in the order of their names."""
    for key in sorted(root.glob("*/??/*/spec.json")):
        if entry := Store(root).read(key.parent):
            yield entry


def compare(old: Path, new: Path) -> list[Kind]:
    """Compare what two sources made of the same settings.

    Args:
        old: Folder of the results of the old source.
        new: Of the new one.

    Returns:
        One kind per experiment and set of old sources; those that the new source did not make
        have nothing compared.
    """
    made = _by_identity(new)
    pairs: dict[tuple[str, str, Sources], list[tuple[Entry, Entry | None]]] = {}
    for identity, entry in _by_identity(old).items():
        kind = (entry.key["experiment"], entry.provenance["functions"][-1], sources(entry.key))
        pairs.setdefault(kind, []).append((entry, made.get(identity)))
    kinds = []
    for (experiment, function, before), both in pairs.items():
        compared = [(one, other) for one, other in both if other is not None]
        after = {sources(other.key) for _, other in compared}
        differing = {name for one, other in compared for name in _differing(one, other)}
        if len(after) > 1:
            differing.add("(several new sources)")
        kinds.append(
            Kind(
                experiment,
                function,
                before,
                min(after, default=()),
                len(compared),
                tuple(sorted(differing)),
            )
        )
    return sorted(kinds, key=lambda kind: (kind.experiment, kind.function, kind.old))


def refile(
    store: Store,
    kinds: list[Kind],
    why: str,
    *,
    lost: Mapping[str, str] | None = None,
    write: bool = True,
) -> list[tuple[str, str]]:
    """File the results of kinds that agree under the keys of the new source, beside the old ones.

    Args:
        store: Where the results are; those that came with the repository are filed in its root.
        kinds: What `compare` found.
        why: Kept in the provenance of each new entry, with the old digest.
        lost: New digests, by the old ones, of results that are not stored and others begin with.
        write: Whether to write, or only to find out.

    Returns:
        Old and new digest of each, without those that the new source already has.
    """
    changed = {(kind.experiment, kind.old): kind.new for kind in kinds if kind.agrees}
    stored = chain(store.packed(), entries(store.root))
    known = {entry.fingerprint: entry for entry in stored}
    digests: dict[str, str] = {}

    def anew(digest: str) -> str:
        """Return the new digest of an entry, or its own where it has no other."""
        if digest in known and digest not in digests:
            entry = known[digest]
            after = changed.get((entry.key["experiment"], sources(entry.key)))
            digests[digest] = digest
            if after is not None:
                key = _changed(entry.key, iter(after), anew)
                content = keys.write(key)
                digests[digest] = hashlib.sha256(content).hexdigest()
                if write and digests[digest] != digest:
                    store.refile(entry, content, why)
        return digests.get(digest) or (lost or {}).get(digest, digest)

    moved = [(digest, anew(digest)) for digest in known]
    return [(old, new) for old, new in moved if old != new and new not in known]


def sources(key: Any) -> Sources:
    """Return the fingerprints of source in a key, in its order."""
    if isinstance(key, Mapping):
        if key.keys() == {"source"}:
            return (key["source"],)
        return tuple(one for name in sorted(key) for one in sources(key[name]))
    return tuple(one for item in key for one in sources(item)) if isinstance(key, list) else ()


def _changed(key: Any, after: Iterator[str], anew: Any) -> Any:
    """Return a key with other sources, and with the new digests of the results it names."""
    if isinstance(key, Mapping):
        if key.keys() == {"source"}:
            return {"source": next(after)}
        if key.keys() == {"fingerprint"}:
            return {"fingerprint": anew(key["fingerprint"])}
        return {name: _changed(key[name], after, anew) for name in sorted(key)}
    return [_changed(item, after, anew) for item in key] if isinstance(key, list) else key


def _by_identity(root: Path) -> dict[str, Entry]:
    """Return the results under a folder by their keys, with names in place of sources.

    Names without their modules, so that a definition may have moved.
    """
    known = {entry.fingerprint: entry for entry in entries(root)}

    def identity(digest: str) -> str:
        if digest not in known:
            return digest
        key = known[digest].key
        names = [name.rpartition(".")[-1] for name in known[digest].provenance["functions"]]
        return json.dumps([_changed(key, cycle([""]), identity), names], sort_keys=True)

    return {identity(digest): entry for digest, entry in known.items()}


def _differing(one: Entry, other: Entry) -> Iterator[str]:
    """Yield the names of arrays that are not equal to the bit."""
    for name in sorted({*one.arrays, *other.arrays}):
        a, b = one.arrays.get(name), other.arrays.get(name)
        if (
            a is None
            or b is None
            or a.dtype != b.dtype
            or a.shape != b.shape
            or np.ascontiguousarray(a).tobytes() != np.ascontiguousarray(b).tobytes()
        ):
            yield name
