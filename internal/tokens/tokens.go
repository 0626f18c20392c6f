// Package tokens keeps the secrets that the auth server shows with every request.
//
// They come from the environment, or from a file that the first start makes: one token a line, readable by its
// owner only. A running server takes up changes of the file within seconds, so that a token can be
// changed without an outage: append the new one, tell the auth server, drop the old one.
package tokens

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// shortest is how many characters a token has at least: fewer can be guessed.
const shortest = 16

// Store answers whether a token is valid. It is safe for concurrent use.
type Store struct {
	path  string
	log   *slog.Logger
	valid atomic.Pointer[[][sha256.Size]byte]
	seen  fs.FileInfo // the file as it was last read; Watch's own
}

// Fixed is a store of tokens that never change, as the environment gives them.
func Fixed(tokens []string) *Store {
	s := new(Store)
	s.set(tokens)
	return s
}

// Open reads the tokens of the file at path, which is made with one random token where there is none.
func Open(path string, log *slog.Logger) (*Store, error) {
	if err := Ensure(path); err != nil {
		return nil, err
	}
	s := &Store{path: path, log: log}
	if err := s.read(); err != nil {
		return nil, err
	}
	return s, nil
}

// Valid compares token with every valid one, all of them always, so that the time taken tells nothing.
func (s *Store) Valid(token string) bool {
	sum := sha256.Sum256([]byte(token))
	found := 0
	for _, valid := range *s.valid.Load() {
		found |= subtle.ConstantTimeCompare(sum[:], valid[:])
	}
	return found == 1
}

// Watch looks every interval whether the file has changed and takes up its tokens, until ctx ends.
// While the file can't be used the tokens that were valid stay so, and the log says why.
func (s *Store) Watch(ctx context.Context, interval time.Duration) {
	if s.path == "" {
		return
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	said := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, err := os.Stat(s.path)
		if err == nil && said == "" && unchanged(s.seen, now) {
			continue
		}
		if err == nil {
			err = s.read()
		}
		switch {
		case err == nil:
			s.log.InfoContext(ctx, "tokens read again", "file", s.path, "tokens", len(*s.valid.Load()))
			said = ""
		case err.Error() != said:
			s.log.ErrorContext(ctx, "the token file can't be used: the tokens before stay valid", "error", err.Error())
			said = err.Error()
		}
	}
}

// unchanged compares what a change alters: a file put in place by a rename may have the old size and time.
func unchanged(before, now fs.FileInfo) bool {
	return os.SameFile(before, now) && before.Mode() == now.Mode() && before.ModTime().Equal(now.ModTime()) &&
		before.Size() == now.Size()
}

func (s *Store) read() error {
	// looked at before it is read: a change in between is seen by the next look
	seen, err := os.Stat(s.path)
	if err != nil {
		return fmt.Errorf("looking at the token file: %w", err)
	}
	tokens, err := Read(s.path)
	if err != nil {
		return err
	}
	s.seen = seen
	s.set(tokens)
	return nil
}

func (s *Store) set(tokens []string) {
	sums := make([][sha256.Size]byte, len(tokens))
	for i, token := range tokens {
		sums[i] = sha256.Sum256([]byte(token))
	}
	s.valid.Store(&sums)
}

// Check says what is wrong with a token, without repeating it.
func Check(token string) error {
	if len(token) < shortest {
		return fmt.Errorf("a token has %d characters or more", shortest)
	}
	for _, r := range token {
		if r <= ' ' || r > '~' {
			return errors.New("a token has visible ASCII characters only, no spaces")
		}
	}
	return nil
}

// Ensure makes the file at path with one random token where there is no file. Of several that start at once
// one wins and all use its token: the file appears whole, or not at all.
func Ensure(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	whole, err := writeBeside(path, []string{random()})
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(whole) }()
	if err := os.Link(whole, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("making the token file: %w", err)
	}
	return nil
}

// Read gives the tokens of the file at path. A file that others than its owner can read or write is refused:
// whoever could read it may have done so, and only a person can decide to trust it again.
func Read(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("looking at the token file: %w", err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("the token file %s is a folder: name a file by ENERGY_TOKEN_FILE", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf(
			"others than its owner can use the token file %s (mode %04o): run `chmod 600 %s`, and where somebody may have read it, `energy token new`",
			path,
			mode,
			path,
		)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the token file: %w", err)
	}
	var tokens []string
	for i, line := range strings.Split(string(data), "\n") {
		token := strings.TrimSpace(line)
		if token == "" {
			continue
		}
		if err := Check(token); err != nil {
			return nil, fmt.Errorf("line %d of the token file %s is no token: %w", i+1, path, err)
		}
		tokens = append(tokens, token)
	}
	if len(tokens) == 0 {
		return nil, fmt.Errorf(
			"the token file %s holds no token: delete it and a new one is made, or run `energy token new`",
			path,
		)
	}
	return tokens, nil
}

// New appends a random token to the file at path, making the file where there is none.
func New(path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return Ensure(path)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return fmt.Errorf("opening the token file: %w", err)
	}
	defer func() { _ = file.Close() }()
	line := random() + "\n"
	if data, err := os.ReadFile(path); err == nil && len(data) > 0 && !bytes.HasSuffix(data, []byte("\n")) {
		line = "\n" + line
	}
	// one write in append mode: two that add a token at once both keep theirs
	if _, err := file.WriteString(line); err != nil {
		return fmt.Errorf("writing the token file: %w", err)
	}
	return file.Sync()
}

// Drop takes the one token that begins with start out of the file at path. The last token stays: the server would be
// left with none.
func Drop(path, start string) error {
	tokens, err := Read(path)
	if err != nil {
		return err
	}
	var kept []string
	for _, token := range tokens {
		if !strings.HasPrefix(token, start) {
			kept = append(kept, token)
		}
	}
	switch dropped := len(tokens) - len(kept); {
	case start == "" || dropped == 0:
		return fmt.Errorf("no token in %s begins so", path)
	case dropped > 1:
		return fmt.Errorf("%d tokens in %s begin so: give more characters", dropped, path)
	case len(kept) == 0:
		return fmt.Errorf("this is the only token in %s: run `energy token new` first, and tell the auth server", path)
	}
	whole, err := writeBeside(path, kept)
	if err != nil {
		return err
	}
	if err := os.Rename(whole, path); err != nil {
		_ = os.Remove(whole)
		return fmt.Errorf("replacing the token file: %w", err)
	}
	return nil
}

// writeBeside writes tokens to a file of another name in the folder of path, readable by its owner only, and gives
// its name.
func writeBeside(path string, tokens []string) (name string, err error) {
	// CreateTemp makes it with mode 0600
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return "", fmt.Errorf("making the token file: %w", err)
	}
	_, err = file.WriteString(strings.Join(tokens, "\n") + "\n")
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		_ = os.Remove(file.Name())
		return "", fmt.Errorf("writing the token file: %w", err)
	}
	return file.Name(), nil
}

// random makes a token of 32 random bytes, in letters and digits: one that began with a dash would be a flag of
// "energy token drop".
func random() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: it ends the program instead
	return hex.EncodeToString(b)
}
