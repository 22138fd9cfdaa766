from mnistkit_lenet import lenet5

from mnistkit.testing import check_model, check_weights


def test_lenet5_keeps_the_contract():
    check_model(lenet5)


def test_its_trained_weights_are_in_order():
    check_weights("lenet5")
