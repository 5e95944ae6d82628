package teach

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// starterVersion changes when the starter cases do: what an earlier program left in the cache is then made anew.
const starterVersion = 1

// StarterFolder is the folder of the starter cases within a cache folder.
func StarterFolder(cache string) string {
	return filepath.Join(cache, fmt.Sprintf("starter-%d", starterVersion))
}

// starter is one of the twelve.
type starter struct {
	seeds  seeds
	spec   Spec
	lesson Lesson
}

func (s *starter) folder() string { return s.lesson.ID }

// StarterCount is how many starter cases there are.
func StarterCount() int { return len(starters()) }

// StarterLessons are the lessons of the starter cases, without what is known only once they are made.
func StarterLessons() []Lesson {
	var all []Lesson
	for _, s := range starters() {
		all = append(all, s.lesson)
	}
	return all
}

// MakeStarter makes those starter cases that are not in StarterFolder(cache) yet, easiest first, and returns the folder.
// progress, which may be nil, hears before the first and after each how many are there; a case that is there can be read.
func MakeStarter(ctx context.Context, cache string, progress func(done, total int)) (string, error) {
	dir, all := StarterFolder(cache), starters()
	if progress == nil {
		progress = func(int, int) {}
	}
	progress(0, len(all))
	for i := range all {
		if err := all[i].make(ctx, filepath.Join(dir, all[i].folder())); err != nil {
			return dir, fmt.Errorf("make starter case %d of %d: %w", i+1, len(all), err)
		}
		progress(i+1, len(all))
	}
	return dir, nil
}

func (s *starter) make(ctx context.Context, dir string) error {
	if _, err := ReadCase(dir); err == nil {
		return nil
	}
	a, err := s.spec.anatomy(ctx, s.seeds.anatomy)
	if err != nil {
		return err
	}
	if _, err = writePhantom(ctx, dir, s.seeds, a, s.spec, s.lesson); errors.Is(err, ErrThere) {
		if _, err = ReadCase(dir); err == nil { // another window was quicker
			return nil
		}
		return fmt.Errorf("%w; remove that folder and begin again", err)
	}
	return err
}

// starters are the twelve, easiest first. Their seeds were found by Spec.search, and a test searches that each still shows
// what it teaches.
func starters() []starter {
	return []starter{
		{seeds{101, 10102}, Spec{LeastClips: 6, MostClips: 6, ClipMM: 6}, Lesson{
			ID: "starter-01", Title: "Six clips, nothing else", Difficulty: 1, Categories: []string{CategoryPlain},
			Teaches: "A clip is a short dash or dot, far brighter than bone and no longer than 9 mm, in soft tissue, seen on one to three slices, often with fine streaks.",
			Zh:      &Words{Title: "只有钛夹，别无他物", Teaches: "钛夹是软组织内短小的线状或点状影，远比骨亮，长不超过9 mm，出现在一至三层，常伴细小条状伪影。"},
		}},
		{seeds{206, 20617}, Spec{LeastClips: 10, MostClips: 12}, Lesson{
			ID: "starter-02", Title: "Many clips round a large cavity", Difficulty: 1, Categories: []string{CategoryMany},
			Teaches: "Sweep the whole breast from top to bottom and back before you stop: the clips you miss are those you found enough without; count against the operation note.",
			Zh:      &Words{Title: "大残腔周围多枚钛夹", Teaches: "停止前请自上而下再自下而上浏览整个乳腺：漏掉的往往是“已经够了”之后的那几枚；请与手术记录核对数目。"},
		}},
		{seeds{301, 30101}, Spec{LeastClips: 5, MostClips: 7, Kinds: []string{"skin marker"}}, Lesson{
			ID: "starter-03", Title: "Beads on the skin", Difficulty: 2, Categories: []string{CategoryMarker},
			Teaches: "A bead that lies on or outside the skin line is a marker of the scar or the field, however bright: follow the skin before you click.",
			Zh:      &Words{Title: "皮肤上的标记珠", Teaches: "位于皮肤线上或其外的亮点，无论多亮，都是切口或射野的体表标记：点击前先沿皮肤核对。"},
		}},
		{seeds{402, 40205}, Spec{LeastClips: 5, MostClips: 7, Kinds: []string{"skin wire"}}, Lesson{
			ID: "starter-04", Title: "A wire along the scar", Difficulty: 2, Categories: []string{CategoryWire},
			Teaches: "A bright point that comes back on the skin slice after slice is a wire along the scar; a clip ends after two or three slices.",
			Zh:      &Words{Title: "沿切口的铅丝", Teaches: "在皮肤上逐层连续出现的亮点是沿切口放置的铅丝；钛夹两三层后即消失。"},
		}},
		{seeds{501, 50103}, Spec{LeastClips: 6, MostClips: 8, Pairs: true}, Lesson{
			ID: "starter-05", Title: "Two clips side by side", Difficulty: 2, Categories: []string{CategoryPair},
			Teaches: "Two clips 3 to 5 mm apart melt into one bright spot in the soft tissue window: widen the window, and look at all three planes, to count two.",
			Zh:      &Words{Title: "并排的两枚钛夹", Teaches: "相距3至5 mm的两枚钛夹在软组织窗下融合成一个亮点：请加宽窗宽并对照三个平面，才能数出两枚。"},
		}},
		{seeds{601, 60107}, Spec{LeastClips: 5, MostClips: 8, Rib: true}, Lesson{
			ID: "starter-06", Title: "Beside the tip of a rib", Difficulty: 3, Categories: []string{CategoryRib},
			Teaches: "The end of a rib enters a slice as a small bright dot: scroll, and a rib grows into its bone while a clip stays small and outshines it in the bone window.",
			Zh:      &Words{Title: "肋骨端旁的钛夹", Teaches: "肋骨端刚进入层面时是一个小亮点：上下滚动，肋骨会延续成骨，而钛夹始终很小，且在骨窗下比肋骨更亮。"},
		}},
		{seeds{701, 70111}, Spec{LeastClips: 5, MostClips: 7, Axillary: true}, Lesson{
			ID: "starter-07", Title: "Clips in the axilla", Difficulty: 3, Categories: []string{CategoryAxilla},
			Teaches: "Clips high and lateral, in the axillary fat behind the pectoral muscle, belong to the node surgery: they are clips, but not of the tumour bed.",
			Zh:      &Words{Title: "腋窝钛夹", Teaches: "位置高而靠外、在胸肌后方腋窝脂肪内的钛夹属于淋巴结手术：它们是钛夹，但不属于瘤床。"},
		}},
		{seeds{810, 81004}, Spec{LeastClips: 5, MostClips: 7, ClipMM: 6, Kinds: []string{"breast calcification"}}, Lesson{
			ID: "starter-08", Title: "Calcifications", Difficulty: 3, Categories: []string{CategoryCalc},
			Teaches: "A calcification is round, clustered or a shell, throws no streaks and fades in a wide window, where titanium stays white.",
			Zh:      &Words{Title: "钙化", Teaches: "钙化呈圆点、簇状或壳状，无条状伪影，加宽窗宽后变暗，而钛夹依然发白。"},
		}},
		{seeds{901, 90105}, Spec{LeastClips: 5, MostClips: 7, ClipMM: 5.5, SliceMM: 5, Density: 0.9}, Lesson{
			ID: "starter-09", Title: "Thick slices, dense breast", Difficulty: 3, Categories: []string{CategoryThick},
			Teaches: "On 5 mm slices a clip shares its voxels with tissue and loses brightness: look for what is small and sharp, not for what is white, and mark the slice where it is brightest.",
			Zh:      &Words{Title: "厚层与致密乳腺", Teaches: "5 mm层厚时，钛夹与组织共享体素而变暗：应寻找小而锐利的影，而不只是白色的影，并标在最亮的一层。"},
		}},
		{seeds{1001, 100100}, Spec{LeastClips: 5, MostClips: 7, ClipMM: 3.6, SliceMM: 5, NoiseHU: 14}, Lesson{
			ID: "starter-10", Title: "Tiny clips on thick slices", Difficulty: 4, Categories: []string{CategoryTiny, CategoryThick},
			Teaches: "A clip below 4 mm that lies across the slice may reach no more than the brightness of bone on a single slice: use a slab of the brightest voxels (key M), then go through slice by slice.",
			Zh:      &Words{Title: "厚层上的微小钛夹", Teaches: "横卧于层内的不足4 mm的钛夹可能只在一层上达到骨的亮度：先用最大密度厚层（M键），再逐层核对。"},
		}},
		{seeds{1102, 110201}, Spec{LeastClips: 6, MostClips: 8, SeromaOffMM: SeromaMovedMM}, Lesson{
			ID: "starter-11", Title: "Clips and seroma disagree", Difficulty: 4, Categories: []string{CategorySeroma},
			Teaches: "Fluid moves and shrinks after surgery: where the seroma lies to one side of the clips, both belong into the bed, and the question goes to the surgeon.",
			Zh:      &Words{Title: "钛夹与血清肿不一致", Teaches: "术后积液会移动和缩小：血清肿偏于钛夹一侧时，二者均应包括在瘤床内，并应向外科医生核实。"},
		}},
		{seeds{1306, 130612}, Spec{LeastClips: 8, MostClips: 11, ClipMM: 4, SliceMM: 5, NoiseHU: 26, Pairs: true, Axillary: true, Rib: true, Kinds: []string{"skin wire", "skin staple", "breast calcification"}}, Lesson{
			ID: "starter-12", Title: "All of it on a bad day", Difficulty: 5, Categories: []string{CategoryArtefact, CategoryPair, CategoryTiny, CategoryWire, CategoryCalc, CategoryAxilla, CategoryRib},
			Teaches: "With noise, streaks and everything at once, go by place first: off the skin, off the bone, in the bed; then by size; and look at what is left in three planes.",
			Zh:      &Words{Title: "最糟的一天：样样俱全", Teaches: "噪声、条状伪影与各种干扰并存时，先看位置：不在皮肤、不在骨、在瘤床内；再看大小；其余的对照三个平面判断。"},
		}},
	}
}
