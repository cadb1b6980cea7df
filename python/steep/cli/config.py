"""``steep config``: what was built and what runs."""

from __future__ import annotations

import argparse

HELP = "print compiler, instruction-set levels, threads and versions"
DESCRIPTION = "Print how steep was built and what it uses on this machine."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(arguments: argparse.Namespace) -> int:
    """Print the configuration."""
    from ..config import show_config

    show_config()
    return 0
