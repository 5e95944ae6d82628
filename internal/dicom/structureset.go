package dicom

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/clipwright/clipwright/internal/volume"
)

// StructureSet is what an RTSTRUCT holds.
type StructureSet struct {
	Label       string // at most 16 characters; "Clipwright" when empty
	Name        string // at most 64
	Description string // at most 1024

	// Filled by reading; WriteStructureSet takes them from the CT or makes new ones.
	SOPInstanceUID      string
	SeriesUID           string
	StudyUID            string
	FrameOfReferenceUID string
	CTSeriesUID         string   // the series it was drawn on; empty when the file does not say
	ImageUIDs           []string // the images it refers to, in the file's order, each once
	Patient             Patient
	Manufacturer        string
	Date, Time          string // YYYYMMDD, HHMMSS of the structure set
	Approval            string // UNAPPROVED, APPROVED, REJECTED

	// LongNames allows structure names of up to 64 characters; some planning systems cut them at 16.
	LongNames  bool
	Structures []Structure

	lastObservation int // largest ObservationNumber of a file read
}

// Structure is one ROI.
type Structure struct {
	Number      int    // 0: numbered in order when written
	Name        string // unique; at most 16 characters unless LongNames
	Type        string // RTROIInterpretedType: MARKER, CTV, PTV, EXTERNAL, ...
	Algorithm   string // AUTOMATIC, SEMIAUTOMATIC, MANUAL
	Description string // without the list of clips, which is kept in Groups
	Colour      [3]uint8
	Contours    []volume.Contour // closed, LPS mm
	Groups      []int            // id of the clip to which each contour belongs; nil when there are none
	Points      []volume.Vec     // POINT contours, LPS mm
}

// Find returns the structure of that name, or nil.
func (set *StructureSet) Find(name string) *Structure {
	for i := range set.Structures {
		if set.Structures[i].Name == name {
			return &set.Structures[i]
		}
	}
	return nil
}

// Mask fills the contours on g, even-odd in each plane.
func (s *Structure) Mask(g *volume.Grid) *volume.Mask { return volume.Rasterise(g, s.Contours) }

// ClipMasks returns the mask of each clip on g by its id: by Groups, else each 26-connected component of
// the mask counts as one, numbered from 1, largest first, and so does each point, which is one voxel.
func (s *Structure) ClipMasks(g *volume.Grid) map[int]*volume.Mask {
	masks := map[int]*volume.Mask{}
	if s.Groups != nil {
		for id, contours := range s.byGroup() {
			masks[id] = volume.Rasterise(g, contours)
		}
	} else {
		for i, m := range volume.Components(s.Mask(g)) {
			masks[i+1] = m
		}
	}
	next := 1
	for id := range masks {
		next = max(next, id+1)
	}
	for _, p := range s.Points {
		x, y, z := g.ToVoxel(p)
		i, j, k := int(math.Round(x)), int(math.Round(y)), int(math.Round(z))
		if !g.Contains(i, j, k) {
			continue
		}
		m := volume.NewMask(g)
		m.Set(i, j, k, true)
		masks[next] = m
		next++
	}
	return masks
}

// byGroup returns the contours of each clip.
func (s *Structure) byGroup() map[int][]volume.Contour {
	groups := map[int][]volume.Contour{}
	for i, id := range s.Groups {
		groups[id] = append(groups[id], s.Contours[i])
	}
	return groups
}

// The clip list stands at the end of ROIDescription, which holds 1024 characters, as
// "clips 1:1-3 2:4,6": clip 1 has contours 1 to 3 of the ROI, clip 2 contours 4 and 6.
const (
	clipListWord        = "clips "
	maxDescriptionChars = 1024
)

// clipList writes groups, one id a contour.
func clipList(groups []int) string {
	if len(groups) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(strings.TrimSpace(clipListWord))
	ids := slices.Compact(slices.Sorted(slices.Values(groups)))
	for _, id := range ids {
		fmt.Fprintf(&b, " %d:", id)
		separator := ""
		for i := 0; i < len(groups); i++ {
			if groups[i] != id {
				continue
			}
			first := i
			for i+1 < len(groups) && groups[i+1] == id {
				i++
			}
			fmt.Fprintf(&b, "%s%d", separator, first+1)
			if i > first {
				fmt.Fprintf(&b, "-%d", i+1)
			}
			separator = ","
		}
	}
	return b.String()
}

// splitClipList takes the clip list off a description. groups has n entries, or is nil when there is no
// list or it does not name each of n contours once: then another program has changed the contours.
func splitClipList(description string, n int) (text string, groups []int, stale bool) {
	at := strings.LastIndex(description, clipListWord)
	if at < 0 || at > 0 && description[at-1] != ' ' {
		return description, nil, false
	}
	text = strings.TrimRight(description[:at], "; ")
	groups = make([]int, n)
	named := make([]bool, n)
	count := 0
	for _, word := range strings.Fields(description[at+len(clipListWord):]) {
		id, list, ok := strings.Cut(word, ":")
		clip, err := strconv.Atoi(id)
		if !ok || err != nil {
			return description, nil, false
		}
		for _, part := range strings.Split(list, ",") {
			from, to, isRange := strings.Cut(part, "-")
			if !isRange {
				to = from
			}
			first, err1 := strconv.Atoi(from)
			last, err2 := strconv.Atoi(to)
			if err1 != nil || err2 != nil {
				return description, nil, false
			}
			if first < 1 || last > n || first > last {
				return text, nil, true
			}
			for i := first - 1; i < last; i++ {
				if named[i] {
					return text, nil, true
				}
				named[i], groups[i] = true, clip
				count++
			}
		}
	}
	if count != n {
		return text, nil, true
	}
	return text, groups, false
}

// sortByGroup orders contours so that those of a clip follow one another, which keeps the list short.
func (s *Structure) sortByGroup() {
	if s.Groups == nil {
		return
	}
	order := make([]int, len(s.Groups))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return s.Groups[order[a]] < s.Groups[order[b]] })
	contours, groups := make([]volume.Contour, len(order)), make([]int, len(order))
	for to, from := range order {
		contours[to], groups[to] = s.Contours[from], s.Groups[from]
	}
	s.Contours, s.Groups = contours, groups
}
