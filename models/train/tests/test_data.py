import json

import numpy as np
import pytest
from crude import write_sample
from data import CLIP, Loader, Policy, Samples, choose_start, crop, draw_patch, read_sample

SHAPE = (40, 44, 52)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("samples")
    for i in range(3):
        write_sample(path, i, SHAPE)
    return path


def test_centres_become_zyx_and_axillary_clips_stand_apart(folder):
    s = read_sample(folder / "000000.json")
    info = json.loads((folder / "000000.json").read_text())
    assert len(s.clips) == 6 and len(s.axillary) == 1 and len(s.distractors) == 3
    assert s.clips[0].tolist() == info["clips"][0]["centre_vox"][::-1]


def test_wrong_spacing_is_refused(folder, tmp_path):
    info = json.loads((folder / "000000.json").read_text()) | {"spacing_mm": 1.0}
    (tmp_path / "000000.json").write_text(json.dumps(info))
    with pytest.raises(ValueError, match="prepare it again"):
        read_sample(tmp_path / "000000.json")


def test_crop_pads_with_zero():
    v = np.arange(1, 28).reshape(3, 3, 3)
    c = crop(v, np.array([-1, 0, 2]), 3)
    assert c[0].sum() == 0 and c[1, 0].tolist() == [3, 0, 0] and c.shape == (3, 3, 3)
    assert crop(v, np.array([5, 5, 5]), 2).sum() == 0


def test_crops_stay_inside_where_they_can(folder):
    s = read_sample(folder / "000000.json")
    rng = np.random.default_rng(0)
    for _ in range(200):
        start = choose_start(s, Policy(), 32, rng)
        assert (start >= 0).all() and (start + 32 <= SHAPE).all()
    assert (choose_start(s, Policy(), 64, rng) + 64 >= SHAPE).all()


def test_augmentation_moves_inputs_and_labels_together_and_back(folder):
    s = read_sample(folder / "000001.json")
    inputs, labels = s.arrays()
    rng = np.random.default_rng(1)
    seen = 0
    for _ in range(30):
        p = draw_patch(s, Policy(intensity=0.0), 32, rng)
        assert p.inputs.shape == (3, 32, 32, 32) and p.inputs.dtype == np.float32
        for voxel in list(zip(*np.nonzero(p.labels)))[:5] + [tuple(rng.integers(0, 32, 3))]:
            back = tuple(p.to_sample(voxel))
            assert labels[back] == p.labels[voxel]
            assert np.array_equal(inputs[(slice(None), *back)].astype(np.float32), p.inputs[(slice(None), *voxel)])
            seen += p.labels[voxel] == CLIP
    assert seen > 20


def test_new_samples_and_hard_voxels_are_used(folder, tmp_path):
    for i in range(2):
        write_sample(tmp_path, i, SHAPE)
    samples = Samples([tmp_path])
    assert len(samples.training) + len(samples.validation) == 2 and samples.validation
    loader = Loader(samples, Policy(), seed=1, rescan_s=0.0)
    try:
        patch = loader.next(2, 32)[0]
        write_sample(tmp_path, 25, SHAPE)
        for _ in range(8):
            loader.next(2, 32)
        assert len(samples.known) == 3
        assert len(loader.next(1, 64)) == 1
        loader.report(patch, (3, 4, 5))
        assert np.array_equal(patch.sample.hard[-1], patch.to_sample((3, 4, 5)))
    finally:
        loader.close()


def test_a_broken_sample_is_skipped(folder, tmp_path, capsys):
    write_sample(tmp_path, 1, SHAPE)
    write_sample(tmp_path, 2, SHAPE)
    (tmp_path / "000003.json").write_text("{")
    samples = Samples([tmp_path], [folder])
    assert len(samples.training) == 2 and len(samples.validation) == 3
    assert "skipping" in capsys.readouterr().out
