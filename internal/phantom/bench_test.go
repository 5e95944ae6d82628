package phantom

import (
	"context"
	"testing"
)

func BenchmarkAnatomy(b *testing.B) {
	for b.Loop() {
		if _, err := NewAnatomy(context.Background(), TrainingOptions(3)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSample(b *testing.B) {
	a, err := NewAnatomy(context.Background(), TrainingOptions(3))
	if err != nil {
		b.Fatal(err)
	}
	seed := int64(0)
	for b.Loop() {
		if _, err := a.Sample(context.Background(), seed, SampleOptions{}); err != nil {
			b.Fatal(err)
		}
		seed++
	}
}

func BenchmarkGenerateFull(b *testing.B) {
	for b.Loop() {
		if _, err := Generate(context.Background(), Options{Seed: 3}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGenerateSmall(b *testing.B) {
	for b.Loop() {
		if _, err := Generate(context.Background(), Options{Seed: 3, Small: true}); err != nil {
			b.Fatal(err)
		}
	}
}
