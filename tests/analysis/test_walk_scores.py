"""Scores of the classes of walks, counted by hand."""

import numpy as np
import pytest

from cwvae.analysis.walk_scores import score_walks


def test_classes_are_counted_by_true_and_found_class():
    found = score_walks(np.array([0, 0, 0, 1, 2, 2]), np.array([0, 0, 1, 1, 0, 2]))
    assert found.counts == ((2, 1, 0), (0, 1, 0), (1, 0, 1))
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.balanced == pytest.approx((2 / 3 + 1 + 1 / 2) / 3)
    assert found.shares == pytest.approx((3 / 6, 2 / 6, 1 / 6))


def test_always_the_same_answer_is_worth_a_third_however_unequal_the_classes_are():
    true = np.repeat([0, 1, 2], [50, 5, 2])
    assert score_walks(true, np.zeros(57, int)).balanced == pytest.approx(1 / 3)
    assert score_walks(true, np.zeros(57, int)).accuracy == pytest.approx(50 / 57)


def test_a_class_that_does_not_occur_does_not_count():
    assert score_walks(np.array([0, 1]), np.array([0, 1])).balanced == 1


@pytest.mark.parametrize("classes", [[], [3], [-1]])
def test_no_walks_and_other_classes_are_errors(classes):
    with pytest.raises(ValueError, match="classes from 0 to 2"):
        score_walks(np.array(classes, int), np.array(classes, int))
