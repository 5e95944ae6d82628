package dicom

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/suyashkumar/dicom/pkg/tag"
)

// errDirectory marks a DICOMDIR where an image was looked for.
var errDirectory = errors.New("a DICOMDIR")

// isDirectory tells whether the file at path is a DICOMDIR.
func isDirectory(path string) bool {
	var r reader
	defer r.close()
	_, err := scanFile(&r, path)
	return errors.Is(err, errDirectory)
}

// readDirectory returns the files that the DICOMDIR at path lists, PS3.3 F.3, relative to its folder.
func readDirectory(path string) ([]string, error) {
	var r reader
	defer r.close()
	want := func(t uint32) bool { return t == tagCharset || t == 0x00041220 || t == 0x00041500 }
	h, err := r.open(path, true, inflation{freeInflatedBytes, maxInflation}, want, func(t uint32) bool { return t > 0x0004FFFF && t != tagCharset })
	if err != nil {
		return nil, err
	}
	var files []string
	for _, record := range h.data.items(tag.DirectoryRecordSequence) {
		if id := record.strings(tag.ReferencedFileID); len(id) > 0 {
			files = append(files, filepath.Join(id...))
		}
	}
	return files, nil
}

// checkDirectories compares what every DICOMDIR lists with the files that the scan saw, and names what is missing.
func (c *census) checkDirectories() (listed, missing int) {
	if len(c.directories) == 0 {
		return 0, 0
	}
	seen := map[string]bool{}
	for _, path := range c.seen {
		seen[mediaName(path)] = true
	}
	for _, path := range c.directories {
		files, err := readDirectory(path)
		if err != nil {
			c.report.warning(path, fmt.Sprintf("this DICOMDIR cannot be read: %v. The files beside it are read all the same", err))
			continue
		}
		gone := 0
		for _, file := range files {
			if seen[mediaName(filepath.Join(filepath.Dir(path), file))] {
				continue
			}
			if gone++; gone <= maxNamed {
				c.report.warning(filepath.Join(filepath.Dir(path), file), "missing: the DICOMDIR lists it; copy the whole medium")
			}
		}
		if gone > maxNamed {
			c.report.warning(path, fmt.Sprintf("lists %d more files that are missing", gone-maxNamed))
		}
		c.report.info(path, fmt.Sprintf("lists %d files, of which %d are here", len(files), len(files)-gone))
		listed, missing = listed+len(files), missing+gone
	}
	return listed, missing
}

// mediaName makes names comparable that media and their copies write in different ways: capitals, the version number
// and the dot that ISO 9660 adds.
func mediaName(path string) string {
	path, _, _ = strings.Cut(strings.ToUpper(path), ";")
	return strings.TrimSuffix(path, ".")
}
