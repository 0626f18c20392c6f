package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"

	"github.com/go-chi/chi/v5"
)

//go:embed static
var staticFiles embed.FS

// static serves the embedded files below a folder that is named by the hash of all of them. Their addresses change when
// one of them does, so browsers keep them for good and never show last month's build.
type static struct {
	folder string // /static/HASH/
	files  fs.FS
}

func newStatic() (static, error) {
	files, err := fs.Sub(staticFiles, "static")
	if err != nil {
		return static{}, err
	}
	sum := sha256.New()
	err = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		sum.Write([]byte(name))
		sum.Write(content)
		return nil
	})
	return static{folder: "/static/" + hex.EncodeToString(sum.Sum(nil)[:6]) + "/", files: files}, err
}

// types are the media types of our own files: those of the machine's tables differ from machine to machine.
var types = map[string]string{
	".css":         "text/css; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".svg":         "image/svg+xml",
	".webmanifest": "application/manifest+json",
}

func (s *site) staticGet(w http.ResponseWriter, r *http.Request) error {
	name := chi.URLParam(r, "name")
	if name == "" || path.Ext(name) == "" || types[path.Ext(name)] == "" {
		return errNotFound
	}
	content, err := fs.ReadFile(s.static.files, name)
	if err != nil {
		return errNotFound
	}
	w.Header().Set("Content-Type", types[path.Ext(name)])
	// Another build's address is answered too, since a page of it may be open; it is then not kept.
	if s.static.folder == "/static/"+chi.URLParam(r, "build")+"/" {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		w.Header().Set("Cache-Control", "no-cache")
	}
	_, err = w.Write(content)
	return err
}
