"""Lines that tell an operator how the shards stand."""

import time
from collections.abc import Iterator

from webapp.cluster.models import Shard
from webapp.cluster.snapshot import topology_now
from webapp.cluster.stores import store
from webapp.core.errors import ShoeboxError
from webapp.core.placement import shares
from webapp.storage.probe import ProbeReport, shard_probe


def shard_rows() -> Iterator[str]:
    """Yield a heading and a line per shard: zone, state, share of new images, address."""
    topology = topology_now()
    yield f"{'SHARD':<16}{'POOL':<10}{'ZONE':<10}{'STATE':<11}{'SHARE':>7}  URL"
    expected: dict[tuple[str, str], float] = {}
    for shard in Shard.objects.all():
        if (shard.pool_id, shard.name) not in expected:
            version = topology.current(shard.pool_id, now=time.time())
            for name, share in (shares(version) if version else {}).items():
                expected[shard.pool_id, name] = share
        share = expected.get((shard.pool_id, shard.name), 0.0)
        yield (
            f"{shard.name:<16}{shard.pool_id:<10}{shard.zone:<10}{shard.state:<11}"
            f"{share:>7.1%}  {shard.url}"
            + (f"  ({shard.full_reason})" if shard.full_reason else "")
        )
    yield f"Topology revision {topology.revision}; SHARE: part of new images it is a home of."


def shard_finding(shard: Shard) -> tuple[bool, str]:
    """Probe a shard as the one it should be; return whether it is well, and what was seen."""
    try:
        report = shard_probe(store(shard.entry))
    except ShoeboxError as error:
        return False, error.detail
    seen = probe_line(report)
    if shard.full_reason:
        return False, f"{seen}, {shard.full_reason}"
    return not report.problems, seen


def probe_line(report: ProbeReport) -> str:
    """Return what a probe found, in one line."""
    found = [f"{report.check.value} writes" if report.check else "no write went through"]
    found += [f"{report.seconds * 1000:.0f} ms"]
    if report.clock_ahead is not None:
        found.append(f"clock {report.clock_ahead:+.0f} s")
    if report.private is not None:
        found.append("private" if report.private else "PUBLIC")
    return ", ".join([*found, *report.problems])
