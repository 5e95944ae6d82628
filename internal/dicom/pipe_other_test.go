//go:build !unix

package dicom

import "testing"

func makePipe(*testing.T, string) {}
