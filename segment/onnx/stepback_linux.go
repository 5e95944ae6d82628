package onnx

import "golang.org/x/sys/unix"

// behindNice is how nice a thread is that others go before.
const behindNice = 10

// stepBack lets other threads go before the one it is called on.
func stepBack() { _ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), behindNice) }
