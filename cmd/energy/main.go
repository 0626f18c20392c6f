// Energy is the main server of the gym Energiya and the tool of whoever runs it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// the first signal asks for a clean end, the second one ends at once
	context.AfterFunc(ctx, stop)

	err := newRoot().ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "energy:", describe(err))
	}
	os.Exit(exitCode(err))
}
