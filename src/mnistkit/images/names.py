"""Which files in a folder are pictures by their names, and which are nobody's data."""

from __future__ import annotations

from pathlib import PurePath

PICTURE_SUFFIXES = frozenset({
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".gif", ".bmp", ".dib", ".webp",
    ".tif", ".tiff", ".pbm", ".pgm", ".ppm", ".pnm", ".pfm",
})  # fmt: skip
"""The ends of the names of pictures that `mnistkit.images.picture.read_picture` reads, lower case.

Of a file that is there, its content counts and not its name; names decide only what is looked at.
"""

_LEFT_BEHIND = frozenset({
    # macOS
    "__macosx", ".ds_store", "icon\r", ".spotlight-v100", ".trashes", ".fseventsd", ".apdisk",
    ".temporaryitems", ".appledouble", ".documentrevisions-v100", ".localized",
    # Windows
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "$recycle.bin", "found.000",
    "system volume information",
    # Linux and its desktops; network storage
    "lost+found", ".directory", ".thumbnails", ".hidden", ".nomedia", "@eadir", "#recycle",
    "@recycle", "@recently-snapshot", "#snapshot", ".snapshot", ".snapshots", ".@__thumb",
    # Programs
    "__pycache__", ".git", ".gitignore", ".gitattributes", ".gitkeep", ".keep", ".svn", ".hg",
    ".ipynb_checkpoints", ".idea", ".vscode", ".cache", ".mypy_cache", ".ruff_cache",
    ".pytest_cache", ".venv", ".dvc", ".dvcignore", "picasa.ini", ".picasa.ini",
})  # fmt: skip


def is_picture_name(name: str) -> bool:
    """Whether a file of this name should be a picture.

    Examples
    --------
    >>> [is_picture_name(name) for name in ("7.PNG", "scan.jfif", "notes.txt")]
    [True, True, False]
    """
    return PurePath(name).suffix.lower() in PICTURE_SUFFIXES


def is_litter(name: str) -> bool:
    """Whether systems and programs leave files or folders of this name, which nobody misses.

    Examples
    --------
    >>> [is_litter(name) for name in ("Thumbs.db", "._7.png", ".Trash-1000", "7.png")]
    [True, True, True, False]
    """
    lower = name.lower()
    # Next to a.png, macOS leaves ._a.png on foreign disks; Linux .Trash-1000; NFS .nfs0001.
    return lower in _LEFT_BEHIND or lower.startswith(("._", ".trash", ".nfs", "~$"))
