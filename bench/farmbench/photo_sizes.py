"""Sizes of photos as a real service (QQPhoto) was asked for them, up to 256 KiB, which is 99 % of them:
24 KB on average, half of them under 14 KB."""

MAX_BYTES = 256 << 10
# Quantiles of the published trace; between them sizes grow geometrically.
QUANTILES = {
    0: 364, 0.01: 2051, 0.02: 2596, 0.05: 3509, 0.1: 4714, 0.15: 6064, 0.2: 7308, 0.25: 8382,
    0.3: 9393, 0.35: 10482, 0.4: 11540, 0.45: 12681, 0.5: 13887, 0.55: 15271, 0.6: 16965,
    0.65: 18994, 0.7: 22316, 0.75: 27803, 0.8: 35420, 0.85: 44836, 0.9: 57844, 0.925: 67496,
    0.95: 81392, 0.97: 100206, 0.98: 115377, 0.99: 142221, 0.995: 170995, 1: 258601,
}
GOLDEN = 0.6180339887498949


def at_quantile(share):
    points = sorted(QUANTILES.items())
    for (low, low_bytes), (high, high_bytes) in zip(points, points[1:]):
        if share <= high:
            return round(low_bytes * (high_bytes / low_bytes) ** ((share - low) / (high - low)))
    return points[-1][1]


def photo_sizes(count):
    """So many, spread over the distribution so evenly that the first few have about its mean as
    well: popular objects are neither small nor large by chance. The same every time."""
    return [at_quantile((n + 1) * GOLDEN % 1) for n in range(count)]
