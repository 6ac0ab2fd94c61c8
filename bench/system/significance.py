"""Is a difference more than noise? Permutation tests and bootstrap intervals; no assumption about how times are
distributed (they are skewed, and their errors come in bursts).

Everything is done with logarithms of the values: a ratio up and the same ratio down then weigh alike.
"""

import itertools
import math
import random
import statistics

# Exact up to so many pairs (2^16 sign patterns) or so many ways to split; beyond it, drawn at random.
EXACT_PAIRS_MAX = 16
EXACT_SPLITS_MAX = 50_000
DRAWS = 20_000
BOOTSTRAPS = 4_000


class Outcome:
    def __init__(self, change, low, high, p, repetitions, verdict):
        self.change, self.low, self.high, self.p, self.repetitions, self.verdict = change, low, high, p, repetitions, verdict

    @staticmethod
    def percent(ratio):
        return None if ratio is None else (ratio - 1) * 100


def sign_flip_p(differences):
    """Two-sided p of paired differences: had the two no difference, each sign could as well be the other."""
    seen, n = abs(sum(differences)) - 1e-12, len(differences)
    if n <= EXACT_PAIRS_MAX:
        patterns = itertools.product((1, -1), repeat=n)
        count = 2 ** n
    else:
        source = random.Random(1)
        patterns = ([source.choice((1, -1)) for _ in range(n)] for _ in range(DRAWS))
        count = DRAWS
    extreme = sum(abs(sum(sign * difference for sign, difference in zip(pattern, differences))) >= seen for pattern in patterns)
    return min(1.0, extreme / count if n <= EXACT_PAIRS_MAX else (extreme + 1) / (count + 1))


def permutation_p(a, b):
    """Two-sided p of the difference of means: had the two no difference, any split into two would do."""
    together = a + b
    total = sum(together)

    def difference(first):
        return abs(first / len(a) - (total - first) / len(b))

    seen = difference(sum(a)) - 1e-12

    def differs(chosen):
        return difference(sum(together[i] for i in chosen)) >= seen

    splits = math.comb(len(together), len(a))
    if splits <= EXACT_SPLITS_MAX:
        return sum(differs(chosen) for chosen in itertools.combinations(range(len(together)), len(a))) / splits
    source = random.Random(1)
    return (sum(differs(source.sample(range(len(together)), len(a))) for _ in range(DRAWS)) + 1) / (DRAWS + 1)


def interval(draw):
    """The middle 95 % of what `draw` gives."""
    source = random.Random(2)
    drawn = sorted(draw(source) for _ in range(BOOTSTRAPS))
    return drawn[int(0.025 * BOOTSTRAPS)], drawn[int(0.975 * BOOTSTRAPS) - 1]


def compare(a, b, a_value, b_value, is_paired, is_rate, alpha, least):
    """`a` and `b`: repetitions, in order; `a_value` and `b_value`: the figures, used where repetitions are missing."""
    usable = all(value > 0 for value in a + b)
    is_paired = is_paired and len(a) == len(b)
    n = min(len(a), len(b))
    if n < 2 or not usable:
        return Outcome(b_value / a_value, None, None, None, n, "too few")
    a, b = [math.log(value) for value in a], [math.log(value) for value in b]
    if is_paired:
        differences = [second - first for first, second in zip(a, b)]
        change, p = statistics.median(differences), sign_flip_p(differences)
        low, high = interval(lambda source: statistics.median(source.choices(differences, k=n)))
        least_p = 2 / 2 ** n if n <= EXACT_PAIRS_MAX else 1 / DRAWS
    else:
        change, p = statistics.median(b) - statistics.median(a), permutation_p(a, b)
        low, high = interval(lambda source: statistics.median(source.choices(b, k=len(b))) - statistics.median(source.choices(a, k=len(a))))
        least_p = 2 / math.comb(len(a) + len(b), len(a))
    return Outcome(math.exp(change), math.exp(low), math.exp(high), p, n, verdict_of(change, low, high, p, least_p, is_rate, alpha, least))


def verdict_of(change, low, high, p, least_p, is_rate, alpha, least):
    margin = math.log1p(least)
    if least_p >= alpha:
        return "too few"
    if p < alpha and abs(change) > margin:
        return "better" if (change > 0) == is_rate else "worse"
    return "same" if low > -margin and high < margin else "unclear"
