package auth

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
)

// folderPolicy is that of a built front: its own scripts and pictures, and the styles that its scripts set on elements.
const folderPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
	"font-src 'self' data:; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; " +
	"frame-ancestors 'none'"

// besideFolder are the pages that stay beside a folder, by the first part of their paths. No old front has them, and
// without them nobody could sign up with a code, hand one out, or see the own devices.
var besideFolder = []string{
	"claim", "reset", "login", "logout", "consent", "account", "preferences", "static", "people", "person", "slips",
}

// Folder serves a built front in place of the pages: its files, and its index.html for every path without a dot. Some
// pages stay (besideFolder).
func Folder(name string, pages http.Handler) (http.Handler, error) {
	root, err := os.OpenRoot(name) // no link leads out of it
	if err != nil {
		return nil, fmt.Errorf("opening the folder of the front: %w", err)
	}
	files := root.FS()
	if _, err := fs.Stat(files, "index.html"); err != nil {
		return nil, fmt.Errorf("the folder %s is no built front: %w", name, err)
	}
	serve := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if slices.Contains(besideFolder, first) {
			pages.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", folderPolicy)
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			writeFailure(w, failMethod)
			return
		}
		// The names of its files change with their contents; that of index.html does not.
		w.Header().Set("Cache-Control", "no-cache")
		if !strings.Contains(r.URL.Path, ".") {
			http.ServeFileFS(w, r, files, "index.html")
			return
		}
		asked := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if info, err := fs.Stat(files, asked); err != nil || info.IsDir() {
			http.Error(w, "Такого файла нет.", http.StatusNotFound)
			return
		}
		serve.ServeHTTP(w, r)
	}), nil
}
