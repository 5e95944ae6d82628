"""Res-SE-U-Net: the network of both stages.

Five stride-2 levels, 11 Res-blocks (5 down, 1 bottleneck, 5 up), one squeeze-and-excitation block in the
bottleneck, five skip connections. Only operators that every ONNX Runtime provider has in 3-D survive export: Conv,
Relu, Add, Concat, Reshape, ReduceMean, Sigmoid, Mul and, for the feature map, Clip. BatchNorm is folded into Conv.

Tensors are float32 [N, C, D, H, W]; D, H and W are multiples of 32 (five halvings). Outputs are logits, one channel.
Sources: Res-block, He et al. 2016 (arXiv:1512.03385); SE-block, Hu et al. 2018 (arXiv:1709.01507).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEVELS = 5
FEATURE_LIMIT = 10.0  # the feature map's logits are clamped to this and scaled to [-1, 1] inside the network


class ConvBN(nn.Module):
    """Convolution and BatchNorm; fold() turns the pair into one convolution with a bias."""

    def __init__(self, cin: int, cout: int, kernel: int, stride: int = 1):
        super().__init__()
        self.conv = nn.Conv3d(cin, cout, kernel, stride, kernel // 2, bias=False)
        self.bn: nn.Module = nn.BatchNorm3d(cout)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x))

    def fold(self) -> None:
        """Replace the pair by the convolution that computes the same in eval mode, exactly but for rounding."""
        self.conv = nn.utils.fusion.fuse_conv_bn_eval(self.conv.eval(), self.bn.eval())
        self.bn = nn.Identity()


class SE(nn.Module):
    """Squeeze-and-excitation as 1x1x1 convolutions: each channel scaled by what the whole patch holds."""

    def __init__(self, channels: int, reduction: int = 4):
        super().__init__()
        self.squeeze = nn.Conv3d(channels, max(channels // reduction, 4), 1)
        self.excite = nn.Conv3d(max(channels // reduction, 4), channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        pooled = x.mean((2, 3, 4), keepdim=True)  # [N, C, 1, 1, 1]
        return x * torch.sigmoid(self.excite(F.relu(self.squeeze(pooled))))


class ResBlock(nn.Module):
    """relu(shortcut(x) + [SE](conv(relu(conv(x))))); a stride of 2 halves D, H and W."""

    def __init__(self, cin: int, cout: int, stride: int = 1, se: bool = False):
        super().__init__()
        self.first = ConvBN(cin, cout, 3, stride)
        self.second = ConvBN(cout, cout, 3)
        self.se = SE(cout) if se else nn.Identity()
        self.shortcut = nn.Identity() if cin == cout and stride == 1 else nn.Conv3d(cin, cout, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.se(self.second(F.relu(self.first(x))))
        return F.relu(y + self.shortcut(x))


def repeat2(x: Tensor) -> Tensor:
    """Nearest-neighbour doubling of D, H, W by Concat and Reshape alone.

    5-D Resize is missing or wrong on several providers and slow on the CPU; this gives the same numbers everywhere.
    """
    n, c, d, h, w = x.shape
    x = torch.cat([x.reshape(n, c, d, h, w, 1)] * 2, -1).reshape(n, c, d, h, 1, 2 * w)
    x = torch.cat([x, x], 4).reshape(n, c, d, 1, 4 * h * w)
    return torch.cat([x, x], 3).reshape(n, c, 2 * d, 2 * h, 2 * w)


class Up(nn.Module):
    """1x1x1 convolution to the skip's channels, doubling, concatenation with the skip, Res-block."""

    def __init__(self, cin: int, cskip: int, cout: int):
        super().__init__()
        self.reduce = ConvBN(cin, cskip, 1)  # before the doubling: an eighth of the arithmetic, the same result
        self.block = ResBlock(2 * cskip, cout)
        self.exporting = False

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = F.relu(self.reduce(x))
        x = repeat2(x) if self.exporting else F.interpolate(x, scale_factor=2.0, mode="nearest")
        return self.block(torch.cat([x, skip], 1))


class ResSEUNet(nn.Module):
    """The network of one stage.

    channels: input channels; when feature is true the last is the Location Net's raw logits, clamped and scaled here.
    widths: channels of the stem (full resolution) and of the five levels below it, six numbers.
    """

    def __init__(self, channels: int, widths: list[int], feature: bool = False):
        super().__init__()
        if len(widths) != LEVELS + 1:
            raise ValueError(f"widths must name the stem and {LEVELS} levels, got {widths}")
        self.channels, self.widths, self.feature = channels, list(widths), feature
        self.stem = ConvBN(channels, widths[0], 3)
        self.down = nn.ModuleList(ResBlock(widths[i], widths[i + 1], stride=2) for i in range(LEVELS))
        self.bottleneck = ResBlock(widths[-1], widths[-1], se=True)
        self.up = nn.ModuleList(Up(widths[i + 1], widths[i], widths[i]) for i in reversed(range(LEVELS)))
        self.head = nn.Conv3d(widths[0], 1, 1)
        nn.init.constant_(self.head.bias, -2.0)  # clips are rare: begin near background

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, D, H, W] -> logits [N, 1, D, H, W]."""
        if self.feature:
            x = torch.cat([x[:, :-1], scale_feature(x[:, -1:])], 1)
        x = F.relu(self.stem(x))
        skips = [x]
        for block in self.down[:-1]:
            skips.append(block(skips[-1]))
        x = self.deepest(skips[-1])
        for up in self.up:
            x = up(x, skips.pop())
        return self.head(x)

    def deepest(self, x: Tensor) -> Tensor:
        """The last level and the bottleneck, always in float32.

        It costs nothing there, and oneDNN's bfloat16 weight gradient of a convolution over so few voxels holds NaNs on
        some processors with AVX-512 BF16 (seen with PyTorch 2.15 at 2 x 2 x 2).
        """
        with torch.autocast(x.device.type, enabled=False):
            return self.bottleneck(self.down[-1](x.float() if x.dtype == torch.bfloat16 else x))

    def for_export(self) -> "ResSEUNet":
        """Fold every BatchNorm and switch to the portable doubling, in place; eval mode."""
        self.eval()
        for m in list(self.modules()):
            if isinstance(m, ConvBN):
                m.fold()
            elif isinstance(m, Up):
                m.exporting = True
        return self


class Mean(nn.Module):
    """Networks of one stage as one, that answers with the mean of their logits."""

    def __init__(self, nets: list[ResSEUNet]):
        super().__init__()
        first = nets[0]
        if any((n.channels, n.feature) != (first.channels, first.feature) for n in nets):
            raise ValueError("networks of different inputs have no mean")
        self.channels, self.feature = first.channels, first.feature
        self.nets = nn.ModuleList(nets)

    def forward(self, x: Tensor) -> Tensor:
        return sum(net(x) for net in self.nets) * (1 / len(self.nets))

    def for_export(self) -> "Mean":
        for net in self.nets:
            net.for_export()
        return self


def scale_feature(logits: Tensor) -> Tensor:
    """Raw Location Net logits -> [-1, 1]."""
    return logits.clamp(-FEATURE_LIMIT, FEATURE_LIMIT) * (1 / FEATURE_LIMIT)


def warm_start(segmentation: ResSEUNet, location: ResSEUNet) -> None:
    """Copy the Location Net into the Segmentation Net; the feature map's stem weights begin at zero."""
    state = location.state_dict()
    stem = torch.zeros_like(segmentation.stem.conv.weight)  # [w0, C+1, 3, 3, 3]
    stem[:, : location.channels] = state["stem.conv.weight"]
    state["stem.conv.weight"] = stem
    segmentation.load_state_dict(state)
