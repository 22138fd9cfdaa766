from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from mnistkit import corrupt


@pytest.mark.parametrize("severity", [0.5, 1.0, 2.0])
def test_shot_noise_counts_photons(severity: float) -> None:
    photons = 3 / severity
    grey = np.full((20, 28, 28), 102, np.uint8)
    levels, counts = np.unique(corrupt(grey, "shot_noise", severity=severity), return_counts=True)
    chances = poisson.pmf(np.arange(20), 0.4 * photons)
    seen = np.minimum(np.rint(255 * np.arange(20) / photons), 255)
    expected = np.array([chances[seen == level].sum() for level in levels])
    assert np.abs(counts / grey.size - expected).max() < 0.015


def test_paper_has_no_shot_noise() -> None:
    assert not corrupt(np.zeros((5, 28, 28), np.uint8), "shot_noise").any()


@pytest.mark.parametrize(("severity", "share"), [(0.5, 0.085), (1.0, 0.17), (5.0, 0.85)])
def test_impulse_noise_is_half_salt_half_pepper(severity: float, share: float) -> None:
    grey = np.full((30, 28, 28), 100, np.uint8)
    noisy = corrupt(grey, "impulse_noise", severity=severity)
    shares = [np.mean(noisy == level) for level in (0, 100, 255)]
    assert np.abs(np.array(shares) - (share / 2, 1 - share, share / 2)).max() < 0.01
