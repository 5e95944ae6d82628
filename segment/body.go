package segment

import (
	"context"
	"errors"

	"github.com/clipwright/clipwright/internal/volume"
)

const (
	bodyHU      = -150 // the paper's threshold between air and body
	bodyOpenMM  = 4    // thinner things than twice this are not body: the couch's shell, clothes, cables
	bodyCloseMM = 6    // bridges texture, streaks and seams
)

// ErrNoBody says that a volume holds nothing that could be a patient.
var ErrNoBody = errors.New("no body found: nothing in these images is as dense as tissue; check the rescale values of the series and that it is a CT")

// Body is the paper's network mask: HU >= -150, opened, closed, the largest connected region. Lungs are
// not in it. It is found on means over about 2 mm, and only its outermost voxels are decided by the
// threshold on the source grid, so that a contour follows the skin to a voxel; against the same steps
// on the source grid this moves the surface by less than a coarse voxel.
func Body(ctx context.Context, v *volume.Volume) (*volume.Mask, error) {
	c, err := shrink(ctx, v)
	if err != nil {
		return nil, err
	}
	m, err := c.atLeast(ctx, bodyHU)
	if err != nil {
		return nil, err
	}
	for _, step := range []func(*volume.Mask) *volume.Mask{
		func(m *volume.Mask) *volume.Mask { return volume.Open(m, bodyOpenMM) },
		func(m *volume.Mask) *volume.Mask { return volume.Close(m, bodyCloseMM) },
		volume.LargestComponent,
	} {
		if m = step(m); ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	if m.Empty() {
		return nil, ErrNoBody
	}
	return c.refine(ctx, m, v, bodyHU)
}
