"""Commands that may take hours leave the processor to those who serve, on the same machine."""

import os

from django.core.management.base import BaseCommand

NICE = 10
"""As the workers that make renditions."""


class SteppingBack(BaseCommand):
    """A command whose process steps back behind others; calls from within a process do not."""

    def run_from_argv(self, argv: list[str]) -> None:
        """Run as the only thing this process is for."""
        os.nice(NICE)
        super().run_from_argv(argv)
