package segment

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// eachSlice calls do(0) .. do(n-1) on as many goroutines as there are processors. It starts no more
// calls once ctx is cancelled, waits for those under way, and returns ctx.Err().
func eachSlice(ctx context.Context, n int, do func(i int)) error {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wait.Wait()
	return ctx.Err()
}
