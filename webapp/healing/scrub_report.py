"""What a scrub says at its end: lines for people, JSON for programs, a status for both."""

from collections.abc import Iterator
from typing import Any

from webapp.healing.findings import MEANINGS, Code
from webapp.healing.models import Finding
from webapp.healing.progress import bytes_text
from webapp.healing.scrub import ScrubPlan
from webapp.healing.scrub_keep import IndexKeeper, Keeper, MemoryKeeper, ShardSum

CLEAN, WRONG, UNSURE = 0, 1, 2
SHOWN = 1000


def status(keeper: Keeper) -> int:
    """Return 0: all is well by now; 1: something is wrong; 2: only shards did not answer."""
    still = [known for known in keeper.sums.values() if known.open]
    if not still:
        return CLEAN
    unsure = all(known.open <= known.counts[Code.CANNOT_TELL] for known in still)
    return UNSURE if unsure else WRONG


def lines(plan: ScrubPlan, keeper: Keeper) -> Iterator[str]:
    """Yield a line per shard, a line per code found there, and what it comes to."""
    if not plan.indexed:
        yield "The index does not answer: the shards speak for themselves, nothing is changed."
    for shard, known in sorted(keeper.sums.items()):
        healed = f", {known.healed:,} healed" if known.healed else ""
        found = f"{sum(known.counts.values()):,} findings{healed}"
        yield f"{shard or '(no shard)'}: {known.blobs:,} blobs, {bytes_text(known.bytes)}, {found}"
        for code, count in sorted(known.counts.items()):
            yield f"  {code:<18}{count:>10,}  {MEANINGS[Code(code)][0]}"
    yield {
        CLEAN: "All is well.",
        WRONG: "Something is wrong; see above." if plan.apply else "--apply heals what it can.",
        UNSURE: "Some shards did not answer; what lies there is not known.",
    }[status(keeper)]


def document(plan: ScrubPlan, keeper: Keeper) -> dict[str, Any]:
    """Return the report as JSON values; members are stable."""
    return {
        "scope": plan.scope,
        "index": plan.indexed,
        "applied": plan.apply,
        "topology_revision": plan.topology.revision,
        "status": status(keeper),
        "shards": {shard: _sum(known) for shard, known in sorted(keeper.sums.items())},
        "findings": list(_findings(keeper)),
    }


def _sum(known: ShardSum) -> dict[str, Any]:
    return {
        "blobs": known.blobs,
        "bytes": known.bytes,
        "findings": dict(known.counts),
        "healed": known.healed,
    }


def _findings(keeper: Keeper) -> Iterator[dict[str, Any]]:
    if isinstance(keeper, IndexKeeper):
        for row in Finding.objects.filter(run=keeper.run).order_by("id")[:SHOWN]:
            yield _finding(row, healed=row.healed)
    elif isinstance(keeper, MemoryKeeper):
        for judged in keeper.findings[:SHOWN]:
            yield _finding(judged.finding, healed=judged.healed)


def _finding(found: Any, *, healed: bool) -> dict[str, Any]:
    return {
        "code": str(found.code),
        "shard": found.shard,
        "image": found.image_id,
        "blob": found.blob,
        "detail": found.detail,
        "healed": healed,
    }
