"""Thresholds and tolerances: a count of rows, a share below 1, or a percentage; inclusive, exact to the last row."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from dataflow_provider.spec.nodes import Threshold


def share_of(threshold: Threshold) -> Fraction | None:
    """Return the share that a threshold stands for; None when it is a count.

    >>> share_of("5%"), share_of(0.05), share_of(5)
    (Fraction(1, 20), Fraction(1, 20), None)
    """
    if isinstance(threshold, str):
        return Fraction(threshold.strip().removesuffix("%").strip()) / 100
    return Fraction(repr(threshold)) if isinstance(threshold, float) else None


def allows(threshold: Threshold, failing: int, checked: int) -> bool:
    """Return whether so many failing rows of those checked may be; no rows are 0 %.

    >>> allows("50%", 1, 2), allows(1, 2, 100), allows(0, 0, 0)
    (True, False, True)
    """
    share = share_of(threshold)
    return failing <= (int(threshold) if share is None else share * checked)


def is_near(tolerance: Threshold, found: Any, wanted: Any) -> bool:
    """Return whether two measures agree: a number is an absolute distance, a percentage is of what is wanted.

    Values that are no numbers, and NULL, agree only with their equals.

    >>> is_near("1%", 101, 100), is_near(0.5, 1.5, 2), is_near(0, None, None), is_near(5, None, 0)
    (True, True, True, False)
    """
    left, right = _exact(found), _exact(wanted)
    if left is None or right is None:
        return bool(found == wanted)
    if isinstance(tolerance, str):
        return abs(left - right) <= (share_of(tolerance) or 0) * abs(right)
    return abs(left - right) <= Fraction(repr(tolerance))


def _exact(value: Any) -> Fraction | None:
    try:
        return None if value is None or isinstance(value, bool) else Fraction(str(value))
    except ValueError:
        return None
