"""What healing keeps in the index: how far its runs are, and what they found."""

from webapp.healing.models.reports import Finding, ShardReport
from webapp.healing.models.runs import HealingRun
from webapp.healing.models.watch import ShardWatch

__all__ = ["Finding", "HealingRun", "ShardReport", "ShardWatch"]
