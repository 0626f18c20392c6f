// Stamp writes number and hash of the package of functions into db/functions/version.sql, from the
// folder above db. Run by make stamp after a change of the functions; a test fails while the stamp is stale.
package main

import (
	"fmt"
	"os"

	"energiya/db"
)

func main() {
	if err := run("db"); err != nil {
		fmt.Fprintln(os.Stderr, "stamp:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	content, changed, err := db.Restamp(os.DirFS(folder))
	if err != nil || !changed {
		return err
	}
	name := folder + "/functions/version.sql"
	if err := os.WriteFile(name, content, 0o644); err != nil {
		return fmt.Errorf("writing the stamp: %w", err)
	}
	fmt.Println("stamped", name)
	return nil
}
