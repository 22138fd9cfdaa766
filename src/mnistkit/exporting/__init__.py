"""Export: a trained model as a file that runs elsewhere, run here before it is kept.

`source` says what is exported, `program` is it as a TensorFlow function from a camera's pixels to
probabilities, `formats` lists the ways to write and run that (`onnx_file`, `litert_file`,
`saved_model_folder`), `check` holds a written file against Keras, and `export` puts them in order.
`package_weights` makes of a run what a package offers its users.
"""

from mnistkit.exporting.export import export
from mnistkit.exporting.exported import Exported
from mnistkit.exporting.package_weights import package_weights

__all__ = ["Exported", "export", "package_weights"]
