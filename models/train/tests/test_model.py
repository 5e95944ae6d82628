import torch
from model import ConvBN, ResBlock, ResSEUNet, repeat2, warm_start

WIDTHS = [2, 4, 4, 4, 6, 8]


def shaken(net):
    """Give every BatchNorm statistics and weights away from its start."""
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm3d):
            m.running_mean.normal_()
            m.running_var.uniform_(0.3, 3)
            torch.nn.init.uniform_(m.weight, 0.5, 2)
            torch.nn.init.normal_(m.bias)
    return net.eval()


def test_the_anatomy_of_the_paper():
    net = ResSEUNet(3, WIDTHS)
    assert sum(isinstance(m, ResBlock) for m in net.modules()) == 11
    assert sum(type(m).__name__ == "SE" for m in net.modules()) == 1
    assert len(net.down) == len(net.up) == 5
    assert all(block.first.conv.stride == (2, 2, 2) for block in net.down)


def test_sizes_are_free_multiples_of_32():
    net = ResSEUNet(2, WIDTHS).eval()
    assert net(torch.zeros(2, 2, 32, 64, 96)).shape == (2, 1, 32, 64, 96)


def test_repeat_is_nearest_doubling():
    x = torch.randn(2, 3, 2, 3, 4)
    assert torch.equal(repeat2(x), torch.nn.functional.interpolate(x, scale_factor=2.0, mode="nearest"))


def test_folding_is_exact():
    torch.manual_seed(1)
    net = shaken(ResSEUNet(3, WIDTHS)).double()
    x = torch.randn(1, 3, 32, 32, 64, dtype=torch.double)
    with torch.inference_mode():
        before = net(x)
        after = net.for_export()(x)
    assert not any(isinstance(m, torch.nn.BatchNorm3d) for m in net.modules())
    assert (before - after).abs().max() < 1e-9 * before.abs().max()


def test_one_pair_folds_exactly():
    torch.manual_seed(2)
    pair = shaken(ConvBN(3, 5, 3, 2)).double()
    x = torch.randn(1, 3, 8, 8, 8, dtype=torch.double)
    with torch.inference_mode():
        before = pair(x)
        pair.fold()
        assert torch.allclose(before, pair(x), rtol=0, atol=1e-12)


def test_warm_start_gives_the_location_nets_answer():
    torch.manual_seed(3)
    location = shaken(ResSEUNet(3, WIDTHS))
    segmentation = ResSEUNet(4, WIDTHS, feature=True).eval()
    warm_start(segmentation, location)
    x = torch.randn(1, 3, 32, 32, 32)
    with torch.inference_mode():
        logits = location(x)
        assert torch.allclose(segmentation(torch.cat([x, logits], 1)), logits, atol=1e-5)


def test_feature_is_clamped_inside_the_network():
    torch.manual_seed(4)
    net = shaken(ResSEUNet(2, WIDTHS, feature=True))
    x = torch.rand(1, 2, 32, 32, 32)
    x[:, 1] = 10
    far = x.clone()
    far[:, 1] = 400
    with torch.inference_mode():
        assert torch.equal(net(x), net(far))
