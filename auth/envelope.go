package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"time"
)

// contentType is exactly what the built old front compares with: it takes anything else for a file.
const contentType = "application/json"

// text is a field that the old front sends as a string or as a number.
type text string

// UnmarshalJSON takes a string, a number, or null, which counts as an empty string.
func (t *text) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(t))
	}
	if string(raw) == "null" {
		return nil
	}
	var number json.Number
	if err := json.Unmarshal(raw, &number); err != nil {
		return err
	}
	*t = text(number)
	return nil
}

// readBody reads the JSON object of a request into v.
func readBody(w http.ResponseWriter, r *http.Request, v any) error {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return bodyError(err)
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	if !isJSON(r) {
		return failNotJSON
	}
	if trimmed := bytes.TrimLeft(raw, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return failBrokenJSON
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return failBrokenJSON
	}
	return nil
}

func isJSON(r *http.Request) bool {
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return mediaType == contentType
}

// bodyError says why a body could not be read.
func bodyError(err error) error {
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return failTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return failSlowBody
	}
	return failCutBody
}

// answer writes data into the envelope of a success.
func answer(w http.ResponseWriter, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	writeData(w, raw)
	return nil
}

// writeData puts data, which is JSON, into the envelope of a success.
func writeData(w http.ResponseWriter, data []byte) {
	const head, tail = `{"error":false,"data":`, `}`
	body := make([]byte, 0, len(head)+len(data)+len(tail))
	body = append(body, head...)
	body = append(body, data...)
	body = append(body, tail...)
	write(w, http.StatusOK, body)
}

func writeFailure(w http.ResponseWriter, f *failure) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	// Three plain fields and a buffer: there is nothing that could fail here.
	_ = encoder.Encode(struct {
		Error   bool   `json:"error"`
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{true, f.Type, f.Message})
	write(w, f.Status, body.Bytes())
}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	// A client that hung up does not read the answer: that is no error of the server.
	_, _ = w.Write(body) // #nosec G705 -- JSON, and said to be
}
