"""Telling a lost index from a new installation, before anything is written to either."""

from django.conf import settings

from webapp.accounts.models import User
from webapp.cluster.publishing import topology_restore
from webapp.cluster.read_only import read_only_set
from webapp.core.errors import NotFoundError
from webapp.healing.models import HealingRun
from webapp.healing.rebuild_topology import topology_find
from webapp.images.models import Image

VERB = "rebuild"
LOST = "The index is empty and the shards are not: `manage.py rebuild_index --apply` fills it."


def index_empty() -> bool:
    """Return whether the index knows nobody and nothing."""
    return not (Image.objects.exists() or User.objects.exists())


def index_lost() -> bool:
    """Return whether an empty index stands before shards that belong to an installation.

    The service is read-only from then on, until the index was rebuilt.
    """
    if not index_empty() or HealingRun.objects.filter(verb=VERB).exists():
        return False
    if not (settings.SHOEBOX.bootstrap_shards or settings.SHOEBOX.topology_file.exists()):
        return False
    try:
        topology = topology_find()
    except NotFoundError:
        return False
    if not topology.versions:
        return False
    topology_restore(topology)  # so that readers of the index's side find the shards
    read_only_set(reason=LOST)
    return True
