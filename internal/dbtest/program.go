package dbtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// programVariable names the program that scripts/test has built for all tests.
const programVariable = "ENERGY_TEST_PROGRAM"

// Program returns where the program under test is, energy. Without scripts/test it is built, into folder.
func Program(folder string) (string, error) {
	if program := os.Getenv(programVariable); program != "" {
		return program, nil
	}
	program := filepath.Join(folder, "energy")
	return program, Build(program)
}

// Build builds the program as it is deployed, without the race detector; flags may stand for another source.
func Build(output string, flags ...string) error {
	// the revision is of no interest, and git may not read the tree of another user
	args := append([]string{"build", "-race=false", "-buildvcs=false", "-o", output}, flags...)
	if said, err := exec.Command("go", append(args, "energiya/cmd/energy")...).CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w\n%s", err, said)
	}
	return nil
}
