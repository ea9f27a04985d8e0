"""When warm-up is over: when the following trials show neither a trend nor an outlying start."""

from __future__ import annotations

from itertools import combinations

from .intervals import median

WINDOW = 6
_FEWEST = 5  # below this no order of the samples is unusual enough to show a trend
_TREND = 0.86  # Kendall's tau of 6 samples is at least 13/15 by chance in 1.7 % of orders, either way
_FAR = 5.0  # scaled median absolute deviations
_SCALE = 1.4826  # makes the median absolute deviation of a normal distribution its standard deviation
_SLIGHT = 0.01  # a start this near to the rest does not matter, however little the rest vary


def is_steady(samples: list[float]) -> bool:
    """Return whether ``samples``, times or rates in the order taken, look drawn from one distribution.

    The trend is tested by Kendall's rank correlation with time (Mann, *Nonparametric tests against trend*,
    1945).
    """
    return len(samples) < _FEWEST or not (_has_trend(samples) or _starts_apart(samples))


def _has_trend(samples: list[float]) -> bool:
    signs = [(later > earlier) - (later < earlier) for earlier, later in combinations(samples, 2)]
    return abs(sum(signs)) >= _TREND * len(signs)


def _starts_apart(samples: list[float]) -> bool:
    first, rest = samples[0], samples[1:]
    middle = median(rest)
    spread = _SCALE * median(abs(sample - middle) for sample in rest)
    return abs(first - middle) > max(_FAR * spread, _SLIGHT * abs(middle))
