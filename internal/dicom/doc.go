// Package dicom is the file boundary: it scans folders, reads CT series into volumes, writes CT series,
// and writes and reads RTSTRUCT files. It never talks to a network, never changes a file it did not
// write, and never guesses about geometry: what it cannot place in the patient it refuses by name.
//
// Conventions. Coordinates are DICOM patient coordinates, LPS mm. Slices are sorted along the normal
// Row x Col, never by InstanceNumber. Every input passes a walk of our own that checks each length
// against the bytes at hand before the DICOM library sees it, and pixels are decoded here (PS3.3 C.7.6.3,
// C.11.1). Oddities that do not stop the work are Findings in a Report; those that do are errors which
// name the file and what to do.
package dicom
