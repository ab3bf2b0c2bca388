"""Who listens on a port, for a message that says what to end."""

from pathlib import Path

_LISTEN = "0A"


def port_owner(port: int) -> str | None:
    """Return ``name (process id)`` of the process listening on ``port``.

    None when nobody does, or when it belongs to another user and we may not look.
    """
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for folder in Path("/proc").glob("[0-9]*"):
        if sockets & _open_sockets(folder):
            return f"{_name(folder)} (process {folder.name})"
    return None


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("tcp", "tcp6"):
        path = Path("/proc/net") / table
        rows = path.read_text(encoding="ascii").splitlines()[1:] if path.exists() else []
        for columns in map(str.split, rows):
            local_port = int(columns[1].rpartition(":")[2], 16)
            if local_port == port and columns[3] == _LISTEN:
                found.add(columns[9])
    return found


def _open_sockets(folder: Path) -> set[str]:
    try:
        return {str(link.readlink()) for link in (folder / "fd").iterdir()}
    except OSError:
        return set()


def _name(folder: Path) -> str:
    try:
        return (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "unknown"
