// Package phantom makes procedural planning CTs of the female thorax with known surgical clips: for
// the demo, tests, training and teaching. It never reads a file and holds no patient data.
//
// A case is built in three layers. The anatomy is a continuous model (implicit surfaces, painted
// back to front with analytic coverage of a pixel's width, several planes a slice) blurred by the
// in-plane point spread function. The solids (clips, markers, wires) are sampled volumes splatted
// through the same point spread function and a near-box slice profile; what beam hardening and the
// exponential edge effect do to them is computed in the projection domain and filtered back
// projected. Textured noise, quantisation and the 12-bit clamp come last.
//
// Conventions. World coordinates are LPS mm (head first supine), the grid's axes are +x and +y. The
// model lives in body coordinates: mm of a standard woman, x = 0 the midline and growing to her
// left, y = 0 the middle of the chest and growing to posterior, z = 0 the middle of the sternum
// and growing to superior. frame turns one into the other. The same Options make the same bytes,
// whatever GOMAXPROCS.
package phantom
