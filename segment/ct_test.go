package segment

import (
	"path/filepath"
	"testing"

	"github.com/clipwright/clipwright/internal/nifti"
	"github.com/clipwright/clipwright/internal/volume"
)

// sharedCTs returns the real CT files beside the project, or skips the test.
func sharedCTs(t testing.TB) []string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join("..", "..", "shared", "data", "ct", "*", "*.nii.gz"))
	if len(files) == 0 {
		t.Skip("no real CTs beside the project")
	}
	return files
}

func readCT(t testing.TB, path string) *volume.Volume {
	t.Helper()
	v, err := nifti.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
