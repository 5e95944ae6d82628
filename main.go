// Clipwright drafts the tumour-bed boost from surgical clips on a planning CT.
package main

import (
	_ "fyne.io/fyne/v2/app"
	_ "fyne.io/fyne/v2/test"
	_ "fyne.io/fyne/v2/theme"
	_ "fyne.io/fyne/v2/widget"
	_ "github.com/disintegration/imaging"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/google/uuid"
	_ "github.com/natefinch/atomic"
	_ "github.com/schollz/progressbar/v3"
	_ "github.com/spf13/cobra"
	_ "github.com/suyashkumar/dicom"
	_ "github.com/yalue/onnxruntime_go"
	_ "golang.org/x/text/encoding/ianaindex"
	_ "gonum.org/v1/gonum/dsp/fourier"
	_ "gonum.org/v1/gonum/stat"
	_ "pgregory.net/rapid"
)

func main() {}
