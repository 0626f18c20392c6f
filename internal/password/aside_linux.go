package password

import (
	"runtime"
	"syscall"
)

// niceness of the threads that hash: other work of this machine goes first.
const niceness = 10

// aside runs do in a thread of lower priority. Where that can't be had, it runs do all the same.
func aside(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		// Never unlocked: the thread ends with the goroutine, since its priority can't be raised again.
		runtime.LockOSThread()
		// On Linux 0 is the calling thread.
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, niceness)
		do()
	}()
	<-done
}
