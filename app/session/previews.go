package session

import (
	"context"
	"slices"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
)

// mostPreviews is how many series get a picture: a folder with more is not looked through by pictures.
const mostPreviews = 40

// readPreviews reads a slice of each CT of the folder that is not open, for the list of series. What cannot be read has no
// picture; why, ReadCT says when it is chosen.
func (s *Session) readPreviews() {
	doc := s.document
	all := ctSeries(doc.Studies)
	if s.work.middle == nil || doc.Previews != nil || len(all) < 2 || len(all) > mostPreviews {
		return
	}
	s.start(JobPreviews, "Read a slice of each series", func(ctx context.Context, j *job) (func(), error) {
		j.report("Looking at each series", 0, len(all))
		previews := map[*dicom.Series]*volume.Volume{}
		for i, series := range all {
			if series == doc.Series || series.Refusal() != "" {
				continue
			}
			v, err := s.work.middle(ctx, series)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err == nil {
				previews[series] = v
			}
			j.report("Looking at each series", i+1, len(all))
		}
		return func() {
			if slices.Equal(s.document.Studies, doc.Studies) {
				s.document.Previews = previews
				s.mark(PreviewsChanged)
			}
		}, nil
	})
}
