// Package teach is the teaching of clip localisation: a library of cases as folders that can be handed on, the twelve starter
// cases, what becomes of a learner's marks, and progress over many attempts. It draws nothing and asks no network by itself.
//
// A case is a folder: lesson.toml says what it teaches, ct/ is the CT, reference.dcm holds the clips that are looked for, the
// reference target and the seroma. It names no patient. An attempt is one JSON file that is written once and never changed.
//
// Conventions. Positions are LPS mm. Marks are compared with the reference by segment.Match, targets by qa.Measure; every
// figure is one of those, or a standard one made of them (sensitivity, F1, mean, median), and none is a score of our own.
// Texts are English; where a lesson brings Chinese ones of its own they stand beside.
package teach
