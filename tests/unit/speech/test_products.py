import numpy as np

from callscribe.speech.engines.whisper.products import Product


def test_rows_alike_in_any_company() -> None:
    random = np.random.default_rng(3)
    matrix, rows = random.standard_normal((96, 70), np.float32), random.standard_normal((50, 96), np.float32)
    product = Product(matrix)
    together = product(rows)
    assert np.allclose(together, rows @ matrix, atol=1e-4)
    for count in (1, 5, 8, 25, 40):
        chosen = random.permutation(len(rows))[:count]
        assert np.array_equal(product(rows[chosen]), together[chosen])
