// Package testclock lets the tests run as on another day: ENERGY_TEST_CLOCK='2028-02-29 12:00', the gym's local time,
// is the moment at which each test program begins. From there its databases' clock runs on.
//
// PostgreSQL and Go keep the true time, since their timeouts must fire. Moved is rules.clock() only, which decides
// every date: the functions that a test database gets have an interval added to now() there. The package's recorded
// version and hash stay those of the program, so that a server takes such a database for its own. Only tests import
// this package; the program that they test knows nothing of the variable.
package testclock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"sync"
	"testing/fstest"
	"time"

	"energiya/db"
)

// Variable names the moment at which a test program begins.
const Variable = "ENERGY_TEST_CLOCK"

// zone is the one that a new database's gym has.
const zone = "Asia/Novosibirsk"

// clockFile is where the functions ask PostgreSQL for the time.
const clockFile = "functions/rules/clock.sql"

// begun is when this program began.
var begun = time.Now()

// Shift returns by how much the clock of test databases is ahead of the true one, in whole seconds: zero where the
// variable is not set. It is the same throughout a program.
var Shift = sync.OnceValues(func() (time.Duration, error) { return shiftFrom(begun, os.Getenv(Variable)) })

func shiftFrom(begun time.Time, value string) (time.Duration, error) {
	if value == "" {
		return 0, nil
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", Variable, err)
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05"} {
		if wanted, err := time.ParseInLocation(layout, value, location); err == nil {
			return wanted.Sub(begun).Truncate(time.Second), nil
		}
	}
	return 0, fmt.Errorf("%s=%s is no moment: it may be like 2028-02-29 12:00", Variable, value)
}

// Now returns what rules.clock() gives in a test database.
func Now() time.Time {
	shift, err := Shift()
	if err != nil {
		panic(err)
	}
	return time.Now().Add(shift)
}

// Files returns the program's SQL, with its clock moved as the variable says.
var Files = sync.OnceValues(func() (fs.FS, error) {
	shift, err := Shift()
	if err != nil || shift == 0 {
		return db.Files(), err
	}
	return Moved(db.Files(), shift)
})

var now = regexp.MustCompile(`\bnow\(\)`)

// Moved returns files with rules.clock() ahead of the true time by shift, which is a number of whole seconds.
func Moved(files fs.FS, shift time.Duration) (fs.FS, error) {
	clock, err := fs.ReadFile(files, clockFile)
	if err == nil && !now.Match(clock) {
		err = errors.New("it has no now()")
	}
	if err != nil {
		return nil, fmt.Errorf("moving the clock in %s (testclock must follow where it went): %w", clockFile, err)
	}
	moved := fstest.MapFS{}
	err = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		moved[name] = &fstest.MapFile{Data: content}
		return err
	})
	seconds := fmt.Appendf(nil, "(now() + interval '%d seconds')", int64(shift.Seconds()))
	moved[clockFile] = &fstest.MapFile{Data: now.ReplaceAll(clock, seconds)}
	return moved, err
}
