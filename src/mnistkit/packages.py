"""What to say where a package is missing.

mnistkit reads pictures with a handful of small packages, and may be installed with those alone.
Whatever needs more asks for it here before it imports it.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

from mnistkit.errors import MissingPackageError

_NAMES = {"sklearn": "scikit-learn", "skimage": "scikit-image"}  # where pip's name is another
_EXTRAS = {
    **dict.fromkeys(("skimage", "joblib"), "synthesis"),
    "tensorboard": "tensorboard",
    "optuna": "tune",
    **dict.fromkeys(("onnx", "tf2onnx"), "export"),
}


def require(*modules: str, to: str) -> None:
    """Refuse to go on where packages are not installed; nothing is imported.

    Parameters
    ----------
    *modules : str
        As an import names them.
    to : str
        What they are needed for, as it follows "To ...".

    Raises
    ------
    MissingPackageError
        If one is not installed; the message has pip's command for all that are missing.

    Examples
    --------
    >>> require("numpy", to="count")
    """
    missing = [module for module in modules if not _is_installed(module)]
    if not missing:
        return
    names = [_NAMES.get(module, module) for module in missing]
    extras = [f"'mnistkit[{_EXTRAS[one]}]'" if one in _EXTRAS else None for one in missing]
    to_install = dict.fromkeys(extra or name for extra, name in zip(extras, names, strict=True))
    *others, last = map(repr, names)
    listed = f"{', '.join(others)} and {last}" if others else last
    are = "are" if others else "is"
    raise MissingPackageError(
        f"To {to}, {listed} {are} needed, which {are} not installed. "
        f"Install with: pip install {' '.join(to_install)}"
    )


def require_tensorflow() -> None:
    """Refuse to go on without TensorFlow and Keras; nothing is imported.

    Raises
    ------
    MissingPackageError
        If one is not installed.
    """
    require("tensorflow", "keras", to="build, train or measure models")


def _is_installed(module: str) -> bool:
    if module in sys.modules:  # perhaps without a spec
        return sys.modules[module] is not None
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False
