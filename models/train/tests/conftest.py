import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent)]

import torch

torch.set_num_threads(1)  # tiny tensors: waiting for a second thread costs more than it gives
