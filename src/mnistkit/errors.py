"""Every exception that mnistkit raises on purpose.

One base class catches them all. Each class also inherits the built-in exception that callers
of such a function already catch, so ``except LookupError`` or ``except OSError`` work too::

    MnistKitError
    ├── UnknownNameError    (LookupError)   no model, data set, ... of that name
    ├── AmbiguousNameError  (LookupError)   two installed plugins offer that name
    ├── NameTakenError      (ValueError)    the name belongs to something else already
    ├── InvalidNameError    (ValueError)    a name has characters that no name has
    ├── PluginError         (ImportError)   a plugin could not be imported
    ├── MissingPackageError (ImportError)   something needs a package that is an extra
    ├── OptionError         (TypeError)     a model or data set does not take such an option
    ├── WrongTypeError      (TypeError)     a function takes another kind of object
    ├── ImageError          (ValueError)    images of a wrong shape, type or range
    ├── PictureError        (OSError)       a picture cannot be read
    ├── LabelError          (ValueError)    labels of a wrong length, type or range
    ├── ComparisonError     (ValueError)    contenders cannot be compared that way
    ├── SplitError          (ValueError)    the data cannot be split that way
    ├── FormatError         (ValueError)    a file is not what its format says
    │   ├── IdxError                        ... an IDX file
    │   ├── NpzError                        ... a NumPy archive
    │   ├── CsvError                        ... a table of pixels
    │   ├── ImageFolderError                ... a folder with one sub-folder a class
    │   └── OnnxError                       ... an ONNX file with a network that reads digits
    ├── DownloadError       (OSError)       a file could not be downloaded
    │   └── OfflineError                    ... and the network was forbidden
    ├── CacheError          (OSError)       the cache folder cannot be used
    ├── SettingError        (ValueError)    an environment variable makes no sense
    ├── ModelError          (ValueError)    a model or its builder breaks the contract
    │   └── BuilderError                    ... the builder raised an error, which is the cause
    ├── WeightsError        (ValueError)    trained weights are damaged, or not for this model
    ├── ExportError         (ValueError)    a model cannot be exported that way
    ├── OutputPathError     (OSError)       a file to write is there already, or cannot be written
    ├── RecipeError         (ValueError)    a training setting makes no sense
    ├── TuningError         (ValueError)    a search makes no sense, or its storage is out of reach
    ├── DivergenceError     (ArithmeticError)  the loss or a weight is NaN or infinite
    ├── RunFolderError      (OSError)       a saved run is missing, damaged or in the way
    └── ReportError         (OSError)       a report cannot be written

    MnistKitWarning         (UserWarning)   what is not as it may be expected to be
    └── ChangedModelWarning                 a builder makes another model than it did
"""

__all__ = [
    "AmbiguousNameError",
    "BuilderError",
    "CacheError",
    "ChangedModelWarning",
    "ComparisonError",
    "CsvError",
    "DivergenceError",
    "DownloadError",
    "ExportError",
    "FormatError",
    "IdxError",
    "ImageError",
    "ImageFolderError",
    "InvalidNameError",
    "LabelError",
    "MissingPackageError",
    "MnistKitError",
    "MnistKitWarning",
    "ModelError",
    "NameTakenError",
    "NpzError",
    "OfflineError",
    "OnnxError",
    "OptionError",
    "OutputPathError",
    "PictureError",
    "PluginError",
    "RecipeError",
    "ReportError",
    "RunFolderError",
    "SettingError",
    "SplitError",
    "TuningError",
    "UnknownNameError",
    "WeightsError",
    "WrongTypeError",
]


class MnistKitError(Exception):
    """Base class of every error that mnistkit raises on purpose."""


# LookupError, not KeyError: the text of a KeyError is printed with its line breaks escaped.
class UnknownNameError(MnistKitError, LookupError):
    """No model, data set, weights or corruption has that name."""


class AmbiguousNameError(MnistKitError, LookupError):
    """Two installed plugins offer the same name."""


class NameTakenError(MnistKitError, ValueError):
    """The name belongs to something else already."""


class InvalidNameError(MnistKitError, ValueError):
    """A name has characters that names of models and data sets do not have."""


class PluginError(MnistKitError, ImportError):
    """A plugin could not be imported; the original exception is its cause."""


class MissingPackageError(MnistKitError, ImportError):
    """Something needs a package that is not installed with mnistkit."""


class OptionError(MnistKitError, TypeError):
    """A model or a data set does not take such an option."""


class WrongTypeError(MnistKitError, TypeError):
    """A function takes another kind of object."""


class ImageError(MnistKitError, ValueError):
    """Images have a wrong shape, data type or range of values."""


class PictureError(MnistKitError, OSError):
    """A picture cannot be read."""


class LabelError(MnistKitError, ValueError):
    """Labels have a wrong length, data type or range of values."""


class ComparisonError(MnistKitError, ValueError):
    """Contenders cannot be compared the way that was asked for."""


class SplitError(MnistKitError, ValueError):
    """The data cannot be split the way that was asked for."""


class FormatError(MnistKitError, ValueError):
    """A file is not what its format says."""


class IdxError(FormatError):
    """An IDX file is damaged or no IDX file at all."""


class NpzError(FormatError):
    """A NumPy archive is damaged, or lacks an array, or holds pickled objects."""


class CsvError(FormatError):
    """A table of pixels lacks a column, or has a cell that is no pixel."""


class ImageFolderError(FormatError):
    """A folder does not have one sub-folder of pictures a class."""


class OnnxError(FormatError):
    """An ONNX file is damaged, was not written by `export`, or its network reads no digits."""


class DownloadError(MnistKitError, OSError):
    """A file could not be downloaded from any of its sources; the message lists every attempt."""


class OfflineError(DownloadError):
    """A file is not on this machine and ``$MNISTKIT_OFFLINE`` forbids the network."""


class CacheError(MnistKitError, OSError):
    """The folder that keeps downloaded data cannot be used."""


class SettingError(MnistKitError, ValueError):
    """An environment variable of mnistkit has a value that makes no sense."""


class ModelError(MnistKitError, ValueError):
    """A model, or the function that builds it, breaks the contract of a model builder."""


class BuilderError(ModelError):
    """The function that builds a model raised an error of its own, which is the cause."""


class WeightsError(MnistKitError, ValueError):
    """Trained weights are damaged, or do not fit the model."""


class ExportError(MnistKitError, ValueError):
    """A model cannot be exported that way: the format lacks something, or the file disagrees."""


class OutputPathError(MnistKitError, OSError):
    """What is to be written is there already, or its folder is missing or cannot be written to."""


class RecipeError(MnistKitError, ValueError):
    """A training setting makes no sense."""


class TuningError(MnistKitError, ValueError):
    """A search for settings makes no sense, is another one, or its storage is out of reach."""


class DivergenceError(MnistKitError, ArithmeticError):
    """Training has diverged: the loss or a weight is NaN or infinite."""


class RunFolderError(MnistKitError, OSError):
    """The folder of a saved run is missing, damaged, or in the way."""


class ReportError(MnistKitError, OSError):
    """A report cannot be written, or a file is in its way."""


class MnistKitWarning(UserWarning):
    """Base class of every warning that mnistkit gives through Python's ``warnings``."""


class ChangedModelWarning(MnistKitWarning):
    """A saved model's builder makes another model today, or has other defaults."""
