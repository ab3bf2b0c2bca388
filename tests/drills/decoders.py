"""Decoders in the middle of a picture, made to stand still there."""

from tests.processes import command_of, cpu_seconds, holds_in, pause

RENDITIONS = "worker-renditions"
DECODER = "workers.imaging.child"
DECODED_SECONDS = 0.3
"""A picture of ``samples.long_to_encode`` is decoded by then, and encoded long after."""

_begun = {}


def busy_decoder(system):
    """Stop a decoder that has an original open, and return its process id."""
    for pid in _busy(system):
        pause([pid])
        return pid
    return None


def encoding_decoder(system):
    """Stop a decoder that has worked on an original for so long that it must be encoding."""
    for pid in _busy(system):
        begun = _begun.setdefault(pid, cpu_seconds(pid))
        if cpu_seconds(pid) - begun > DECODED_SECONDS:
            pause([pid])
            return pid
    return None


def _busy(system):
    pids = system.family(RENDITIONS)
    return [pid for pid in pids if DECODER in command_of(pid) and holds_in(pid, system.spool)]


def left_in_spool(system):
    """Return what lies in the spool beside the uploads that shards are still being sent."""
    names = (path.name for path in system.spool.iterdir())
    return [name for name in names if not name.startswith(("upload-", "tus"))]
