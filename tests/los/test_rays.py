"""Many rays at once."""

import concurrent.futures

import numpy as np

from skycocoon.los import column_map
from skycocoon.los.rays import ray_columns
from skycocoon.los.view import View
from skycocoon.sky import healpix

from .conftest import DISC, SUN


def test_result_does_not_depend_on_the_split():
    vectors = healpix.directions(32, np.arange(12 * 32**2), nest=False)
    rays = ray_columns(DISC.table(1e-5), View(SUN))
    whole = rays(vectors)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for chunk in (17, 1000):
            from skycocoon.execution import in_chunks

            np.testing.assert_array_equal(in_chunks(rays, vectors, pool, chunk), whole)
        np.testing.assert_array_equal(column_map(DISC, SUN, 16, executor=pool), column_map(DISC, SUN, 16))
