"""Export: a trained model as a file that runs elsewhere, run here before it is kept.

`source` says what is exported, `program` is it as a TensorFlow function from a camera's pixels to
probabilities, `formats` lists the ways to write and run that (`onnx_file`, `litert_file`,
`saved_model_folder`), `check` holds a written file against Keras, and `export` puts them in order.
"""

from mnistkit.exporting.export import export
from mnistkit.exporting.exported import Exported

__all__ = ["Exported", "export"]
