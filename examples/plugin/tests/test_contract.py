from mnistkit_lenet import lenet5

from mnistkit.testing import check_model


def test_lenet5_keeps_the_contract():
    check_model(lenet5)
