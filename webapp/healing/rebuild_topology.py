"""Finding the topology without an index: on the local file, and on shards it or settings name."""

from collections.abc import Iterable, Sequence

import structlog
from django.conf import settings

from webapp.cluster.stores import fleet, store_bare
from webapp.core.errors import (
    ConfigurationError,
    MalformedRequestError,
    NotFoundError,
    SignatureError,
)
from webapp.core.keys import TOPOLOGY_KEY
from webapp.core.shards import ShardEntry, ShardState
from webapp.core.topology import Topology, topology_check, topology_load
from webapp.storage.base import BlobStore
from webapp.storage.documents import document_fetch_all, file_read
from webapp.storage.unreachable import UnreachableStore

log = structlog.get_logger(__name__)

UNNAMED = "given"


def topology_find(*, shards: Sequence[str] = ()) -> Topology:
    """Return the newest valid topology there is.

    Looks on the local file and on the shards that are given or set (`SHOEBOX_SEED_SHARDS`,
    `SHOEBOX_BOOTSTRAP_SHARDS`), then on every shard the newest found so far names, until
    nothing newer turns up. Only signatures are believed.

    Args:
        shards: ``URL`` or ``NAME=URL``; the name is needed for credentials.

    Raises:
        NotFoundError: None was found, or none with a good signature.
        TopologyConflictError: Two that are valid contradict each other; an operator must say
            which counts, by giving its shards alone.
        MalformedRequestError: A shard that is no URL.
    """
    found = [] if shards else _valid([file_read(settings.SHOEBOX.topology_file)])
    found += _fetched([_seed(text) for text in shards or _seeds()])
    newest = _newest(found)
    while True:
        names = [entry.name for entry in newest.shards.values() if entry.state.readable]
        later = _newest([newest, *_fetched(fleet().stores(newest, names))])
        if later.revision == newest.revision:
            return newest
        newest = later


def _newest(found: Sequence[Topology]) -> Topology:
    if not found:
        raise NotFoundError(
            "No topology with a good signature was found. Name a shard: --shard NAME=URL; and "
            "see that SHOEBOX_SIGNING_KEYS has the key it was signed with."
        )
    newest = max(found, key=lambda topology: topology.revision)
    for topology in found:
        topology_check(known=topology, new=newest)
    return newest


def _fetched(stores: Sequence[BlobStore]) -> list[Topology]:
    answers = document_fetch_all(stores, TOPOLOGY_KEY)
    for name, error in answers.silent.items():
        log.warning("shard silent", shard=name, detail=error.detail)
    return _valid(answers.given.values())


def _valid(documents: Iterable[bytes | None]) -> list[Topology]:
    found = []
    for data in filter(None, documents):
        try:
            found.append(topology_load(data, keyring=settings.SHOEBOX.keyring))
        except SignatureError as error:
            log.warning("topology refused", detail=error.detail)
    return found


def _seeds() -> list[str]:
    bootstrap = [text.rpartition("@")[0] for text in settings.SHOEBOX.bootstrap_shards]
    return list(dict.fromkeys([*settings.SHOEBOX.seed_shards, *bootstrap]))


def _seed(text: str) -> BlobStore:
    """Return the store a shard is given by; nothing of it is believed but what is signed."""
    name, equals, url = text.partition("=")
    if not equals or "/" in name:
        name, url = UNNAMED, text
    if ":" not in url:
        raise MalformedRequestError(f"{text!r} is neither URL nor NAME=URL of a shard.")
    try:
        return store_bare(ShardEntry(name, url, ShardState.ACTIVE, ""))
    except ConfigurationError as error:
        return UnreachableStore(name, error.detail)
