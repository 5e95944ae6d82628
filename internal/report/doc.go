// Package report writes what quality assurance found as one HTML file that needs nothing beside it: pictures and plots
// are in it, no script runs and nothing is fetched. Text goes through html/template, so that a name in a DICOM file
// stays text. It computes no figure: those come from qa, pictures from viewer.
package report
