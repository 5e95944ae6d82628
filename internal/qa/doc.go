// Package qa compares the structures of one CT and looks for what a physicist looks for: it pairs a reference with a
// test structure set, measures each pair and each clip, and lists checks that pass, ask for a look, or fail, each with
// the place it speaks of. It reads structure sets and headers through dicom; it draws nothing and decides nothing.
//
// Conventions. Positions are LPS mm. Offsets point from the reference to the test. Every figure has its definition in
// Definitions, worded as reports print it. A figure that does not exist, for instance a distance to an empty mask,
// is NaN, which JSON writes as null (Number). Lists are in a stable order.
package qa
