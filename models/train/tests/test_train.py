import csv
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from crude import write_sample
from data import AXILLARY, CLIP
import export
from train import Config, STAGES, Stage, best_network, clip_loss, main, read_config, seconds

TINY = """
name = "tiny"
widths = [2, 4, 4, 4, 6, 8]
batch = 2
patch = 32
late_patch = 32
late_batch = 2
"""
CARD_KEYS = """name version config sha256 patch_voxels spacing_mm overlap mirror skipped_logit channels threshold min_voxels
calibration_a calibration_b trained data metrics licence warning""".split()


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Path:
    """A finished tiny run: work/samples, work/run, work/models, work/tiny.toml."""
    path = tmp_path_factory.mktemp("work")
    (path / "samples").mkdir()
    for i in range(3):
        write_sample(path / "samples", i, (40, 44, 52))
    (path / "tiny.toml").write_text(TINY)
    run(path)
    export.main([str(path / "run"), str(path / "models")])
    return path


def run(path: Path, budget: str = "2s") -> None:
    main(["--config", str(path / "tiny.toml"), "--data", str(path / "samples"), "--out", str(path / "run"), "--budget", budget, "--threads", "1"])


def test_the_shipped_configs_are_read():
    assert read_config("product").name == "product"
    paper = read_config("paper")
    assert (paper.lr, paper.batch, paper.patch, paper.optimiser, paper.loss) == (1e-4, 2, 96, "adam", "dice_ce")


def test_unknown_settings_are_refused(tmp_path):
    (tmp_path / "x.toml").write_text("learning_rate = 1")
    with pytest.raises(ValueError, match="learning_rate"):
        read_config(str(tmp_path / "x.toml"))


def test_budget():
    assert (seconds("1h30m"), seconds("40m"), seconds("90s")) == (5400, 2400, 90)
    with pytest.raises(ValueError, match="write it like"):
        seconds("forty")


def test_loss_ignores_axillary_clips_and_their_border():
    torch.manual_seed(0)
    labels = torch.zeros(2, 8, 8, 8, dtype=torch.uint8)
    labels[0, 4, 4, 4] = AXILLARY
    labels[1, 2, 2, 2] = CLIP
    for config in (Config(), Config(loss="dice_ce")):
        logits = torch.zeros(2, 1, 8, 8, 8, requires_grad=True)
        loss, _ = clip_loss(logits, labels, config)
        loss.backward()
        assert (logits.grad[0, 0, 3:6, 3:6, 3:6] == 0).all()
        assert logits.grad[1, 0, 2, 2, 2] < 0
        assert logits.grad.clamp(min=0).sum() > 0


def test_loss_takes_the_hardest_negatives():
    labels = torch.zeros(1, 8, 8, 8, dtype=torch.uint8)
    labels[0, 0, 0, 0] = CLIP
    logits = torch.full((1, 1, 8, 8, 8), -8.0)
    logits[0, 0, 5, 5, :5] = 2.0
    logits.requires_grad_()
    clip_loss(logits, labels, Config(negatives_per_clip_voxel=5, least_negatives=0))[0].backward()
    assert (logits.grad[0, 0, 5, 5, :5] > 0).all() and (logits.grad != 0).sum() == 6


def test_loss_without_clips_is_finite():
    loss, parts = clip_loss(torch.zeros(1, 1, 8, 8, 8, requires_grad=True), torch.zeros(1, 8, 8, 8, dtype=torch.uint8), Config())
    loss.backward()
    assert np.isfinite(parts["loss"])


def test_one_command_trains_both_stages(work):
    for stage in STAGES:
        saved = torch.load(work / "run" / f"{stage}.pt", weights_only=True)
        assert saved["done"] and saved["step"] > 0 and saved["best"]["scores"]["threshold"] > 0
        with (work / "run" / f"{stage}_validation.csv").open() as f:
            assert float(next(csv.DictReader(f))["false_per_box"]) >= 0
    assert (work / "run" / "curves.png").stat().st_size > 1000


def test_a_run_resumes(work, capsys):
    before = torch.load(work / "run" / "segmentation.pt", weights_only=True)
    stage = Stage(Config(**before["config"]), "segmentation", work / "run", 1e9, best_network(Config(**before["config"]), "location", work / "run"))
    assert stage.step == before["step"] and stage.elapsed_s == before["elapsed_s"]
    for a, b in zip(stage.average.state_dict().values(), before["average"].values()):
        assert torch.equal(a, b)
    assert stage.optimiser.state_dict()["state"]
    run(work)  # finished: nothing to do
    assert torch.load(work / "run" / "segmentation.pt", weights_only=True)["step"] == before["step"]
    assert "resumed" in capsys.readouterr().out


def test_steps_learn(work):
    """Both stages fit one patch: the loss falls."""
    from data import Policy, draw_patch, read_sample

    config = read_config(str(work / "tiny.toml"))
    config.lr = 1e-2
    patch = draw_patch(read_sample(work / "samples" / "000001.json"), Policy(clip=1, distractor=0, elsewhere=0), 32, np.random.default_rng(0))
    location = best_network(config, "location", work / "run")
    for name in STAGES:
        stage = Stage(config, name, work / "elsewhere", 100.0, location if name == "segmentation" else None)
        stage.elapsed_s = 10.0
        losses = [stage.train_step([patch, patch])["loss"] for _ in range(12)]
        assert losses[-1] < 0.85 * losses[0]


def test_the_frozen_location_net_stays(work):
    config = read_config(str(work / "tiny.toml"))
    location = best_network(config, "location", work / "run")
    before = {k: v.clone() for k, v in location.state_dict().items()}
    from data import Policy, draw_patch, read_sample

    patch = draw_patch(read_sample(work / "samples" / "000001.json"), Policy(), 32, np.random.default_rng(0))
    Stage(config, "segmentation", work / "elsewhere", 100.0, location).train_step([patch, patch])
    assert all(torch.equal(before[k], v) for k, v in location.state_dict().items())


def test_export_agrees_with_pytorch_at_any_size(work):
    for stage in STAGES:
        saved = torch.load(work / "run" / f"{stage}.pt", weights_only=True)
        net = best_network(Config(**saved["config"]), stage, work / "run")
        session = onnxruntime.InferenceSession(str(work / "models" / f"{stage}.onnx"), providers=["CPUExecutionProvider"])
        assert [i.name for i in session.get_inputs()] == ["input"] and [o.name for o in session.get_outputs()] == ["logits"]
        x = np.random.default_rng(0).random((1, net.channels, 64, 32, 96), np.float32)
        (got,) = session.run(None, {"input": x})
        with torch.inference_mode():
            assert np.abs(got - net(torch.from_numpy(x)).numpy()).max() < 1e-3
        stored = [np.load(work / "models" / "testdata" / f"{stage}_{k}.npy") for k in ("input", "logits")]
        (got,) = session.run(None, {"input": stored[0]})
        assert stored[0].dtype == np.float32 and np.abs(got - stored[1]).max() < 1e-3


def test_the_mean_of_two_runs_is_one_graph(work, tmp_path):
    saved = torch.load(work / "run" / "segmentation.pt", weights_only=True)
    net = best_network(Config(**saved["config"]), "segmentation", work / "run")
    (tmp_path / "other").mkdir()
    other = dict(saved, best=dict(saved["best"], state={k: v * 1.1 if k.startswith("head") else v for k, v in saved["best"]["state"].items()}))
    torch.save(other, tmp_path / "other" / "segmentation.pt")
    export.main([str(work / "run"), str(tmp_path / "models"), "--with", str(tmp_path / "other")])
    x = export.parity_input(net)
    session = onnxruntime.InferenceSession(str(tmp_path / "models" / "segmentation.onnx"), providers=["CPUExecutionProvider"])
    (got,) = session.run(None, {"input": x})
    with torch.inference_mode():
        expected = net(torch.from_numpy(x)).numpy() * 1.05  # the head is linear
    assert np.abs(got - expected).max() < 1e-3
    c = json.loads((tmp_path / "models" / "segmentation.json").read_text())
    assert "mean of 2 runs" in c["trained"] and (tmp_path / "models" / "location.json").exists()
    location = json.loads((tmp_path / "models" / "location.json").read_text())
    assert "mean" not in location["trained"]


def test_cards_hold_what_the_program_reads(work):
    import hashlib

    for stage in STAGES:
        c = json.loads((work / "models" / f"{stage}.json").read_text())
        assert list(c) == CARD_KEYS
        assert c["sha256"] == hashlib.sha256((work / "models" / f"{stage}.onnx").read_bytes()).hexdigest()
        assert [ch["kind"] for ch in c["channels"]] == ["window", "threshold", "window"] + ["feature"] * (stage == "segmentation")
        assert 0 < c["threshold"] < 1 and c["min_voxels"] >= 1 and c["calibration_a"] > 0
        assert all(isinstance(v, (int, float)) for v in c["metrics"].values())
        assert "not a medical device" in c["warning"]


def test_foreign_operators_are_refused(work, tmp_path):
    net = best_network(read_config(str(work / "tiny.toml")), "location", work / "run")
    net.head = torch.nn.Sequential(net.head, torch.nn.Tanh())
    with pytest.raises(ValueError, match="Tanh"):
        export.export(net, tmp_path / "x.onnx")
