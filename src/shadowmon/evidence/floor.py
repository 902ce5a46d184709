"""
A model disagrees with itself: only what goes beyond that is a loss.

D is how far the optimized model's answer is from the baseline's, N how far a second answer of the
baseline is from its first: the noise floor. What is asked is whether E D - E N is below a limit. N
costs another call, so it is measured on a share f of the exchanges, drawn independently of their
content: Z is 1 where it is measured. With any constant lean beta

    x = D (1 + beta (Z/f - 1)) - (Z/f) N

has the mean E x = E D + beta E[D (Z/f - 1)] - E[(Z/f) N] = E D - E N, because E[Z/f] = 1 whatever
D and N are (Robins, Rotnitzky and Zhao, Estimation of regression coefficients when some regressors
are not always observed, JASA 89, 1994). So x is an observation like any other, in a known range,
and the bets on its mean are exact: nothing is estimated first and then taken as known. (To plug in
a measured floor so errs in 42 to 58 % of trials where 5 % are promised; statistics, section 5.)

The lean only decides how much noise remains. At 0 every D counts alike; at 1 only the exchanges
where N was measured count, where the noise common to both cancels. The least noise is left at
E[D N] / E[D^2].

Conditions: Z is drawn before either answer is known and independently of the request's content; f
is the true probability, constant while the evidence lasts; the lean is fixed before the evidence
begins; where Z is 1 and the second answer failed, the observation is missing, not Z = 0.
"""

from __future__ import annotations


LEAN = 0.3
"""Near the best where a third of what D shows is noise that the floor shows too."""


def excess(
    distance: float, floor_distance: float | None, *, share: float, lean: float = LEAN
) -> float:
    """
    Return how far a pair goes beyond the noise floor, so that its mean is E D - E N.

    Args:
        distance: Between the two models' answers, in [0, 1].
        floor_distance: Between the baseline's two answers, in [0, 1]; None where it was not asked
            for a second one.
        share: Probability, in (0, 1], with which it is asked.
        lean: See above, in [0, 1].

    Raises:
        ValueError: If share or lean is outside its range, or a distance was left out although the
            baseline is always asked.

    """
    _check(share, lean)
    if floor_distance is None:
        if share >= 1:
            message = "there is no floor distance, though the baseline is always asked twice"
            raise ValueError(message)
        return distance * (1 - lean)
    return distance * (1 + lean * (1 / share - 1)) - floor_distance / share


def excess_bounds(share: float, lean: float = LEAN) -> tuple[float, float]:
    """Return the least and the most that `excess` can be: the range of its metric."""
    _check(share, lean)
    return -1 / share, 1 + lean * (1 / share - 1)


def _check(share: float, lean: float) -> None:
    if not 0 < share <= 1:
        message = f"share of exchanges that are asked twice is {share}, allowed is above 0, up to 1"
        raise ValueError(message)
    if not 0 <= lean <= 1:
        message = f"lean is {lean}, allowed is 0 to 1"
        raise ValueError(message)
