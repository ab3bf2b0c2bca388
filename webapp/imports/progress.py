"""How far an operator's import is: the usual line, behind a bar, out of the way of a report."""

from webapp.healing.progress import Progress

BAR_WIDTH = 20


class Bar(Progress):
    """Progress of something whose total is known, and that writes other lines meanwhile."""

    def line(self) -> str:
        """Return the line as it would be shown now."""
        part = min(self._steps / self._total, 1.0) if self._total else 1.0
        filled = int(part * BAR_WIDTH)
        return f"[{'#' * filled}{'-' * (BAR_WIDTH - filled)}] {super().line()}"

    def clear(self) -> None:
        """Make room for another line; the next step shows it again."""
        if self._watched:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown = 0.0
