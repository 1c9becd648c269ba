"""A folder in memory for what tests throw away: databases on a disk cost most of the time of a test."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")
NEEDED = 4 * 1024**3
"""Bytes that must be free; containers often have 64 MB."""


def memory_folder() -> Path | None:
    """Give a folder in memory with enough room, or None: then the disk must do."""
    if not os.access(SHARED_MEMORY, os.W_OK) or shutil.disk_usage(SHARED_MEMORY).free < NEEDED:
        return None
    return SHARED_MEMORY
