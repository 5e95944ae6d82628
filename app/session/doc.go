// Package session is the state of one open study: the document, the undoable plan, what is derived
// from them, and the view. It runs the long work (reading, searching, drafting, saving) as jobs and
// never shows anything: no toolkit and no cgo.
//
// Conventions. A Session belongs to one goroutine, its owner: every method must be called there, and
// every listener is called there. Jobs run elsewhere on snapshots and come back through the post
// function given to New. What a job may see (volumes, masks, clips of a published Plan) is never
// written again. Coordinates are LPS mm, volumes mm3 or cc as the name says.
package session
