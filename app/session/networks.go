package session

import (
	"context"
	"errors"

	"github.com/clipwright/clipwright/segment"
)

// networks keeps both networks open between runs. One job at a time holds them.
type networks struct {
	turn   chan struct{} // holds one token while free
	open   *segment.Networks
	opened segment.Options // what open runs on
	closed bool
}

func newNetworks() *networks {
	n := &networks{turn: make(chan struct{}, 1)}
	n.turn <- struct{}{}
	return n
}

// use waits its turn, opens the networks if they are not, or are on another provider, and runs work with them.
// A failure that is no cancellation closes them, so that the next run starts afresh.
func (n *networks) use(ctx context.Context, deps Deps, work func(segment.Networks) error) error {
	select {
	case <-n.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { n.turn <- struct{}{} }()
	if n.closed {
		return context.Canceled
	}
	if n.open != nil && n.opened != deps.Network {
		n.release()
	}
	if n.open == nil {
		opened, err := openNetworks(ctx, deps)
		if err != nil {
			return err
		}
		n.open, n.opened = opened, deps.Network
	}
	err := work(*n.open)
	if err != nil && ctx.Err() == nil {
		n.release()
	}
	return err
}

func (n *networks) release() {
	if n.open == nil {
		return
	}
	// A network that cannot be closed is lost either way; there is nothing the user could do.
	_ = n.open.Close()
	n.open = nil
}

// close releases the networks as soon as the job that holds them lets go, without waiting for it: then
// the channel closes.
func (n *networks) close() <-chan struct{} {
	released := make(chan struct{})
	go func() {
		defer close(released)
		<-n.turn
		n.closed = true
		n.release()
		n.turn <- struct{}{}
	}()
	return released
}

func openNetworks(ctx context.Context, deps Deps) (*segment.Networks, error) {
	if deps.ModelsError != nil {
		return nil, deps.ModelsError
	}
	if deps.Engine == nil {
		return nil, errors.New("this build has no network engine")
	}
	return deps.Models.Open(ctx, deps.Engine, deps.Network)
}
