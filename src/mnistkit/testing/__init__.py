"""What a plugin's author runs, in the plugin's own tests.

``check_model`` tries a model builder against its contract, ``check_weights`` the trained weights
that the package offers for it::

    from mnistkit.testing import check_model, check_weights
    from my_package import my_model

    def test_contract():
        check_model(my_model)

    def test_weights():
        check_weights("my_model")
"""

from mnistkit.testing.model import check_model
from mnistkit.testing.weights import check_weights

__all__ = ["check_model", "check_weights"]
