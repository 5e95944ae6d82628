import numpy as np
import torch
from validate import Box, calibrate, components, judge, match, whole_volume


def test_components_are_26_connected_and_sized():
    logits = np.full((8, 8, 8), -5.0)
    logits[1, 1, 1] = logits[2, 2, 2] = 3
    logits[6, 6, 6] = 9
    found = sorted(components(logits, 0.5, 1), key=lambda c: len(c[0]))
    assert [len(c[0]) for c in found] == [1, 2]
    assert np.allclose(found[1][0].mean(0), 1.5) and found[1][1] == 3
    assert len(components(logits, 0.5, 2)) == 1


def test_clips_are_found_by_the_nearest_component():
    truth = np.array([[0, 0, 0], [0, 0, 3.0], [0, 0, 40.0]])
    pair = np.array([[0, 0, 1], [0, 0, 2]])
    piece, elsewhere, axillary = np.array([[0, 1, 4]]), np.array([[0, 9, 0]]), np.array([[9, 0, 0]])
    finds, false = match(truth, [pair, piece, elsewhere, axillary], np.array([[9, 0, 1.0]]))
    assert finds.tolist() == [2, 0, 0, 0]
    assert false.tolist() == [False, False, True, False]
    finds, false = match(truth[:0], [pair], truth[:0])
    assert finds.tolist() == [0] and false.tolist() == [True]


def test_a_second_clip_of_a_component_counts_less():
    labels = np.zeros((16, 16, 16), np.uint8)
    labels[3, 3, 3:9] = 1
    box = Box(np.zeros((1, 16, 16, 16), np.float32), labels, np.array([[3, 3, 4.0], [3, 3, 7.0]]), np.zeros((0, 3)))
    assert judge([(box, np.where(labels == 1, 6.0, -6.0))]).sensitivity == 0.8


def test_a_perfect_answer_scores_one_and_calibrates_high():
    labels = np.zeros((16, 16, 16), np.uint8)
    labels[3, 3, 3:5] = labels[10, 10, 10:13] = 1
    box = Box(np.zeros((1, 16, 16, 16), np.float32), labels, np.array([[3, 3, 3.5], [10, 10, 11.0]]), np.zeros((0, 3)))
    logits = np.where(labels == 1, 6.0, -6.0)
    s = judge([(box, logits)])
    assert (s.sensitivity, s.false_per_box, s.dsc, s.score) == (1, 0, 1, 1)
    worse = logits.copy()
    worse[14, 2, 2] = 0.5
    a, b = calibrate([(box, worse)] * 5, 0.5, 1)
    confidence = 1 / (1 + np.exp(-(a * np.array([6.0, 0.5]) + b)))
    assert a > 0 and confidence[0] > 0.8 and confidence[1] < 0.3


def test_nothing_found_is_scored_not_raised():
    box = Box(np.zeros((1, 8, 8, 8), np.float32), np.zeros((8, 8, 8), np.uint8), np.zeros((0, 3)), np.zeros((0, 3)))
    logits = np.full((8, 8, 8), -9.0)
    assert judge([(box, logits)]).false_per_box == 0
    assert calibrate([(box, logits)], 0.5, 1)[0] > 0


def test_whole_volume_skips_windows_without_body():
    net = torch.nn.Conv3d(1, 1, 1)
    x = np.zeros((1, 32, 32, 80), np.float32)
    x[..., :20] = 1
    logits = whole_volume(net, x, 32)
    assert logits.shape == (32, 32, 80) and (logits[..., 60:] == -10).all()
