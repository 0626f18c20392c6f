// Package listening keeps notes of where running servers listen, so that commands on the same machine find them.
//
// A note is a small file: energy-NAME-….listening, in the folder of the token file. Its one line is the address. NAME
// is the command that runs the server, such as serve. Each server has a note of its own and keeps it locked while it
// runs. The kernel drops the lock however the server ends, so an unlocked note is an old one, which the next look
// removes.
package listening

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// The names of the servers: the main server and the auth server.
const (
	Serve = "serve"
	Auth  = "auth"
)

// Note is the note of a running server.
type Note struct{ file *os.File }

// Leave writes a note into folder: the server that name names listens on address. The caller removes it at its end.
func Leave(folder, name, address string) (*Note, error) {
	if _, err := Find(folder, name); err != nil { // removes old notes
		return nil, err
	}
	// Written and locked under another name: a note is seen only when it is whole.
	file, err := os.CreateTemp(folder, ".energy-"+name+"-*.listening")
	if err != nil {
		return nil, fmt.Errorf("leaving a note of where the server listens: %w", err)
	}
	hidden := file.Name()
	shown := filepath.Join(folder, strings.TrimPrefix(filepath.Base(hidden), "."))
	err = errors.Join(
		syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB),
		file.Chmod(0o644), // an address is no secret
	)
	if err == nil {
		_, err = fmt.Fprintln(file, address)
	}
	if err == nil {
		err = os.Rename(hidden, shown)
	}
	if err != nil {
		return nil, errors.Join(
			fmt.Errorf("leaving a note of where the server listens: %w", err),
			os.Remove(hidden),
			file.Close(),
		)
	}
	return &Note{file: file}, nil
}

// Remove takes the note away. It may be called for a nil note.
func (n *Note) Remove() {
	if n == nil {
		return
	}
	name := n.file.Name()
	_ = os.Remove(filepath.Join(filepath.Dir(name), strings.TrimPrefix(filepath.Base(name), ".")))
	_ = n.file.Close() // which drops the lock
}

// Find returns where the servers that name names listen, by the notes in folder, in order and each once. Notes of
// servers that have ended are removed where the caller may.
func Find(folder, name string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(escape(folder), "energy-"+name+"-*.listening"))
	if err != nil {
		return nil, fmt.Errorf("looking for notes of servers in %s: %w", folder, err)
	}
	var addresses []string
	for _, path := range paths {
		address, err := read(path)
		switch {
		case errors.Is(err, errOld):
			_ = os.Remove(path)
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission): // another user's, or gone by now
		case err != nil:
			return nil, err
		case isAddress(address) && trusted(folder, path):
			addresses = append(addresses, address)
		}
	}
	slices.Sort(addresses)
	return slices.Compact(addresses), nil
}

var errOld = errors.New("the server has ended")

// read returns what a note says, or errOld where nothing holds its lock.
func read(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	if syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil {
		return "", errOld
	}
	text, err := os.ReadFile(path)
	return strings.TrimSpace(string(text)), err
}

// trusted reports whether a note is the caller's own, root's or the folder's owner's: who asks a server shows it the
// token.
func trusted(folder, path string) bool {
	owner, known := ownerOf(path)
	if !known || owner == 0 || int(owner) == os.Geteuid() {
		return true
	}
	of, known := ownerOf(folder)
	return known && owner == of
}

func ownerOf(path string) (uid uint32, known bool) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, false
	}
	stat, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return 0, false
	}
	return stat.Uid, true
}

func isAddress(text string) bool {
	_, port, err := net.SplitHostPort(text)
	return err == nil && port != ""
}

// escape makes a folder's name one that Glob takes literally.
func escape(folder string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(folder)
}
