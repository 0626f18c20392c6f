package auth

import (
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"

	"github.com/go-chi/chi/v5"
)

// pictureName is what the name of a picture can be: ours, or one of an old auth server's.
var pictureName = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}\.[A-Za-z]{3,5}$`)

// media answers with a picture, to people who are logged in. To others there is none.
func (s *server) media(w http.ResponseWriter, r *http.Request) error {
	name := chi.URLParam(r, "name")
	if !pictureName.MatchString(name) {
		return failNotFound
	}
	jpeg, err := s.findPicture(r, name)
	if err != nil {
		return err
	}
	h := w.Header()
	if jpeg == nil {
		h.Set("Cache-Control", "no-store")
		return failNotFound
	}
	h.Set("Content-Type", "image/jpeg")
	h.Set("Content-Length", strconv.Itoa(len(jpeg)))
	// A picture never changes: another one has another name.
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	_, _ = w.Write(jpeg) // #nosec G705 -- JPEG, and said to be
	return nil
}

// findPicture looks with what the browser has: the old front's cookie, then the pages' cookie or the header.
func (s *server) findPicture(r *http.Request, name string) ([]byte, error) {
	if key := tokenOfCookie(r, mediaCookie); key != nil {
		jpeg, err := s.Accounts.store.picture(r.Context(), key, nil, name)
		if jpeg != nil || err != nil {
			return jpeg, err
		}
	}
	if token := tokenOf(r); token != nil {
		return s.Accounts.store.picture(r.Context(), nil, token, name)
	}
	return nil, nil
}

// updatePicture takes a form with a picture in the field image. It answers without the envelope, as the old server
// does.
func (s *server) updatePicture(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	token := tokenOf(r)
	if _, err := s.Accounts.live(r.Context(), token, true); err != nil {
		return err
	}
	leave, err := s.Accounts.studio.enter()
	if err != nil {
		return err
	}
	defer leave()
	file, err := readPicture(r)
	if err != nil {
		return err
	}
	name, err := s.Accounts.setPicture(r.Context(), token, file)
	if err != nil {
		return err
	}
	write(w, http.StatusOK, []byte(`{"imgName":"`+name+`"}`))
	return nil
}

// readPicture reads the field image of a form.
func readPicture(r *http.Request) ([]byte, error) {
	if r.ContentLength > maxForm {
		return nil, refusedPictureSize
	}
	form, err := r.MultipartReader()
	if err != nil {
		return nil, failNoImage
	}
	for {
		part, err := form.NextPart()
		if err != nil {
			return nil, formError(err)
		}
		if part.FormName() != "image" {
			continue
		}
		file, err := readFile(part, r.ContentLength)
		if err != nil {
			return nil, formError(err)
		}
		return file, nil
	}
}

// formError says why a form could not be read.
func formError(err error) error {
	if errors.Is(err, io.EOF) {
		return failNoImage
	}
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return refusedPictureSize
	}
	return bodyError(err)
}
