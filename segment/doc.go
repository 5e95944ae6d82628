// Package segment is the science: from a planning CT to its surgical clips and the boost drafted from
// them. It prepares what the networks read, locates the region that holds the clips, segments them,
// brings each back to the CT's own grid, and measures. It reads no file, opens no window and runs no
// network itself: networks come through Engine, which segment/onnx implements.
//
// # The pipeline
//
// Two Res-SE-U-Nets in a row, after "Auto-segmentation of surgical clips for target volume delineation in
// post-lumpectomy breast cancer radiotherapy": Body finds the patient, Prepare resamples to the network
// grid, the Location Net slides over the body and gives one map of logits, whose densest cluster of
// positive voxels is the centre of the region of interest; the Segmentation Net reads that region and the
// map, and each component of what it marks becomes a Clip, refined on the CT's grid. Run is all of it.
//
// # Conventions
//
// Positions are DICOM LPS mm. Voxel indices name voxel centres, in the order x, y, z; memory is
// [z][y][x], x fastest, and tensors are [channel][z][y][x]. Logits are natural: probability = 1 / (1 + exp(-logit)).
// The network grid has cubic voxels (2 mm) on axes parallel to the CT's. A patch is a cube of
// Card.PatchVoxels voxels, and all preprocessing that a network depends on is written in its Card.
package segment
