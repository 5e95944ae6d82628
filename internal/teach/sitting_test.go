package teach

import (
	"reflect"
	"testing"
	"time"

	"github.com/clipwright/clipwright/internal/volume"
)

func TestASittingKeepsMarksPathAndTime(t *testing.T) {
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := Sit(time.Minute, func() time.Time { return clock })
	after := func(d time.Duration) { clock = s.Begun.Add(d) }
	s.Look(7)
	after(1500 * time.Millisecond)
	s.Look(7)
	s.Look(8)
	first := s.Mark(volume.Vec{1, 2, 3})
	after(4 * time.Second)
	second := s.Mark(volume.Vec{9, 2, 3})
	s.Remove(first.Number)
	third := s.Mark(volume.Vec{20, 2, 3})
	if s.Near(volume.Vec{10, 2, 3}, 3) != second.Number || s.Near(volume.Vec{1, 2, 3}, 3) != 0 {
		t.Error("the nearest mark is another")
	}
	if left, ok := s.Left(); !ok || left != 56*time.Second {
		t.Errorf("%v left", left)
	}
	after(2 * time.Minute)
	want := Answer{Marks: []Mark{{2, volume.Vec{9, 2, 3}, 4}, {3, volume.Vec{20, 2, 3}, 4}}, Path: []Look{{0, 7}, {1.5, 8}}, Seconds: 60, LimitSeconds: 60}
	if got := s.Answer(nil); !reflect.DeepEqual(got, want) || third.Number != 3 {
		t.Errorf("answer %+v, want %+v", got, want)
	}
	if _, limited := Sit(0, time.Now).Left(); limited {
		t.Error("a sitting without limit has one")
	}
}
