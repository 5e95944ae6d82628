"""The Detail Net: what it reads, what it learns, what it becomes."""

import json

import numpy as np
import torch

import detail


def write_case(folder, name: str, rng: np.random.Generator, n: int = 10) -> None:
    """A case whose pieces with a clip are bright in the middle, with two at both ends of it."""
    hu = rng.normal(-100, 20, (n, 32, 32, 32))
    marks = np.zeros((n, 32, 32, 32), np.uint8)
    rows = []
    for i in range(n):
        clips = i % 3
        for k in range(clips):
            hu[i, 14:18, 14:18, 10 + 8 * k : 14 + 8 * k] += 1000
        marks[i, 14:18, 14:18, 8:24] = 1
        marks[i, :2, :2, :2] = 2
        rows.append({"stage": ("part", "clip")[i % 2], "slice_mm": 3.0, "fit": float(rng.normal(clips - 1.5)), "clips": clips})
    np.save(folder / f"{name}_hu.npy", hu.astype(np.int16))
    np.save(folder / f"{name}_marks.npy", marks)
    (folder / f"{name}.json").write_text(json.dumps(rows))


def test_channels_are_those_of_the_program():
    hu = torch.tensor([-1000.0, -200, 0, 200, 1000, 3000]).reshape(1, 1, 1, 6)
    marks = torch.tensor([0, 1, 2, 3, 0, 0], dtype=torch.uint8).reshape(1, 1, 1, 6)
    x = detail.channels(hu, marks, torch.tensor([2.5]))[0, :, 0, 0]
    assert torch.allclose(x[0], torch.tensor([0, 0, 0.5, 1, 1, 1]))
    assert torch.allclose(x[1], torch.tensor([0, 0, 200 / 2400, 400 / 2400, 0.5, 1]))
    assert x[2].tolist() == [0, 1, 0, 1, 0, 0] and x[3].tolist() == [0, 0, 1, 1, 0, 0]
    assert torch.allclose(x[4], torch.tensor(0.5))


def test_augmentation_keeps_the_piece_whole():
    rng = np.random.default_rng(3)
    marks = torch.zeros(4, 32, 32, 32, dtype=torch.uint8)
    marks[:, 14:18, 14:18, 14:18] = 1
    hu = torch.full((4, 32, 32, 32), -100.0)
    hu[marks > 0] = 900
    for _ in range(20):
        h, m = detail.augmented(hu, marks, rng)
        assert h.shape == hu.shape and (m & 1).sum() == (marks & 1).sum()
        assert h[m == 1].mean() > h[m == 0].mean() + 300


def test_the_net_and_the_model_together_beat_either():
    rng = np.random.default_rng(4)
    n = 600
    clips = torch.from_numpy(rng.integers(1, 3, n))
    two = clips.numpy() - 1.5
    looks = detail.Looks(None, None, None, two + rng.normal(0, 1, n), clips, np.array(["part"] * n), np.array(["a"] * n), np.zeros(n, bool))
    logits = np.stack([np.zeros(n), -two + rng.normal(0, 1, n), two], 1)
    pair, alone = detail.fit_pair(looks, logits)
    assert pair["fit"] > 0 and pair["detail"] > 0
    assert alone["pair_auc"] > max(alone["pair_auc_fit"], alone["pair_auc_net"])


def test_crowded_cases_do_not_make_pairs_common():
    true = np.array([True] * 40 + [False] * 40 + [True] * 10 + [False] * 90)
    crowded = np.array([True] * 80 + [False] * 100)
    weight = detail.as_in_patients(true, crowded)
    assert np.isclose(weight[true].sum() / weight[~true].sum(), 10 / 90)
    assert (detail.as_in_patients(true[:80], crowded[:80]) == 1).all()  # nothing to go by


def test_it_goes_on_from_earlier_weights(tmp_path):
    rng = np.random.default_rng(6)
    for i in range(14):
        write_case(tmp_path, f"phantom_{i}", rng)
    torch.manual_seed(9)
    earlier = detail.DetailNet()
    state = {k: v.clone() for k, v in earlier.state_dict().items()}
    torch.save({"state": state, "elapsed_s": 600.0}, tmp_path / "earlier.pt")
    net, best, _ = detail.train(tmp_path, tmp_path / "run", 4, batch=8, every=1, start=tmp_path / "earlier.pt", half=True)
    assert best["elapsed_s"] > 600
    moved = [float((a - b).abs().max()) for a, b in zip(net.state_dict().values(), state.values()) if a.is_floating_point()]
    assert 0 < max(moved) < 1.0  # trained on, not begun anew


def test_it_learns_and_is_exported(tmp_path):
    rng = np.random.default_rng(5)
    looks, models = tmp_path / "looks", tmp_path / "models"
    looks.mkdir()
    (models / "testdata").mkdir(parents=True)
    for i in range(14):
        write_case(looks, f"phantom_{i}", rng)
    assert 0 < sum(detail.held_out(f"phantom_{i}") for i in range(14)) < 14
    net, best, sources = detail.train(looks, tmp_path / "run", 25, batch=8, every=5)
    assert best["scores"]["clip_auc"] > 0.9, best
    assert sources["phantom"] > 0 and (tmp_path / "run" / "losses.csv").read_text().count("\n") > 1
    card = detail.export(net, best, sources, models)
    assert card["answers"] == 3 and [c["kind"] for c in card["channels"]] == ["window", "window", "own", "others", "slice"]
    assert json.loads((models / "detail.json").read_text()) == card
    x, expected = np.load(models / "testdata" / "detail_input.npy"), np.load(models / "testdata" / "detail_logits.npy")
    assert x.shape == (1, 5, 32, 32, 32) and expected.shape == (1, 3)
