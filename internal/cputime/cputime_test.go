package cputime

import (
	"testing"
	"time"
)

func TestUsedGrowsWithWorkAndNotWithWaiting(t *testing.T) {
	begun := Used()
	sum := 0
	for start := time.Now(); Used()-begun < 30*time.Millisecond; {
		for i := range 1_000_000 {
			sum += i * sum
		}
		if time.Since(start) > time.Minute {
			t.Fatalf("a minute of work has used %v", Used()-begun)
		}
	}
	begun = Used()
	time.Sleep(100 * time.Millisecond)
	if used := Used() - begun; used > 80*time.Millisecond {
		t.Errorf("sleeping for 100 ms has used %v", used)
	}
	_ = sum
}
