"""How close a rendition is to a full decode and an exact filter: PSNR and SSIM of lightness.

Source: Wang, Bovik, Sheikh & Simoncelli 2004, section III-B, with windows of 8 by 8.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

WINDOW = 8
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def main():
    for line in sys.stdin:
        job = json.loads(line)
        with Image.open(job["output"]) as image:
            made = image.convert("RGB")
        with Image.open(job["source"]) as image:
            exact = ImageOps.exif_transpose(image).convert("RGB")
        exact = exact.resize(made.size, Image.Resampling.LANCZOS)
        answer = {
            "psnr": _psnr(np.asarray(exact, float), np.asarray(made, float)),
            "ssim": _ssim(
                np.asarray(exact.convert("L"), float), np.asarray(made.convert("L"), float)
            ),
            "kb": Path(job["output"]).stat().st_size / 1000,
        }
        print(json.dumps(answer), flush=True)


def _psnr(a, b):
    return float(10 * np.log10(255**2 / np.mean((a - b) ** 2)))


def _means(plane):
    """Return the mean of every window, by sums of the table of sums."""
    sums = np.pad(plane, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    corners = sums[WINDOW:, WINDOW:] - sums[:-WINDOW, WINDOW:]
    return (corners - sums[WINDOW:, :-WINDOW] + sums[:-WINDOW, :-WINDOW]) / WINDOW**2


def _ssim(a, b):
    mean_a, mean_b = _means(a), _means(b)
    var_a, var_b = _means(a * a) - mean_a**2, _means(b * b) - mean_b**2
    shared = _means(a * b) - mean_a * mean_b
    top = (2 * mean_a * mean_b + C1) * (2 * shared + C2)
    return float((top / ((mean_a**2 + mean_b**2 + C1) * (var_a + var_b + C2))).mean())


main()
