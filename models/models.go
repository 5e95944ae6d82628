// Package models holds the three networks that ship with the program, embedded, and their cards.
// It imports nothing of ours: segment parses the cards, segment/onnx runs the networks.
package models

import _ "embed"

//go:embed location.onnx
var location []byte

//go:embed location.json
var locationCard []byte

//go:embed segmentation.onnx
var segmentation []byte

//go:embed segmentation.json
var segmentationCard []byte

//go:embed detail.onnx
var detail []byte

//go:embed detail.json
var detailCard []byte

// Location returns the Location Net (ONNX) and its card (JSON).
func Location() (onnx, card []byte) { return location, locationCard }

// Segmentation returns the Segmentation Net (ONNX) and its card (JSON).
func Segmentation() (onnx, card []byte) { return segmentation, segmentationCard }

// Detail returns the Detail Net (ONNX) and its card (JSON).
func Detail() (onnx, card []byte) { return detail, detailCard }
