package roster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// errShape says what JSON is a roster.
var errShape = errors.New("a roster in JSON is an array of objects with card, secondname (family name), " +
	"firstname (given name), surname (patronymic), group; or an object of such objects under their cards")

// member is a member of an object.
type member struct{ key, value string }

// readJSON takes an array of objects with the keys of Student, or those that a header may have; a card may be a number.
// It also takes the roster of the old system: an object that has each student under the card.
func readJSON(content []byte) (List, error) {
	text, encoding, err := decode(content)
	if err != nil {
		return List{}, err
	}
	j := &jsonReader{text: text, decoder: json.NewDecoder(strings.NewReader(text))}
	j.decoder.UseNumber()
	objects, err := j.list()
	if err != nil {
		return List{}, err
	}
	t := table{unit: "row", everyRowCounts: true}
	// the columns, in the order in which the file first has them
	var keys []string
	for _, object := range objects {
		for _, m := range object {
			if !slices.Contains(keys, m.key) {
				keys = append(keys, m.key)
			}
		}
	}
	header := row{}
	for _, key := range keys {
		header.cells = append(header.cells, cell{text: key})
	}
	t.rows = append(t.rows, header)
	for i, object := range objects {
		r := row{number: i + 1, cells: make([]cell, len(keys))}
		for _, m := range object {
			r.cells[slices.Index(keys, m.key)].text = m.value
		}
		t.rows = append(t.rows, r)
	}
	if len(objects) == 0 {
		return List{}, nil
	}
	list, err := t.students()
	if errors.Is(err, errNoHeader) {
		return List{}, fmt.Errorf("no object has a card and a name: %w", errShape)
	}
	if err != nil {
		return List{}, err
	}
	list.ReadAs = "json in " + encoding
	return list, nil
}

// jsonReader reads JSON token by token: encoding/json alone takes the last of two members with one key.
type jsonReader struct {
	text    string
	decoder *json.Decoder
}

func (j *jsonReader) list() ([][]member, error) {
	var objects [][]member
	start, err := j.token()
	if err != nil {
		return nil, err
	}
	switch start {
	case json.Delim('['):
		for j.decoder.More() {
			object, err := j.student(len(objects) + 1)
			if err != nil {
				return nil, err
			}
			objects = append(objects, object)
		}
	case json.Delim('{'):
		objects, err = j.byCard()
		if err != nil {
			return nil, err
		}
	default:
		return nil, errShape
	}
	if _, err := j.token(); err != nil {
		return nil, err
	}
	rest := strings.TrimLeft(j.text[j.decoder.InputOffset():], " \t\r\n")
	if rest != "" {
		return nil, fmt.Errorf("line %d: there is text after the end of the list, «%s»: one file is one list",
			lineAt(j.text, len(j.text)-len(rest)), short(rest))
	}
	return objects, nil
}

// byCard reads the members of an object that has each student under the card.
func (j *jsonReader) byCard() ([][]member, error) {
	var objects [][]member
	for j.decoder.More() {
		token, err := j.token()
		if err != nil {
			return nil, err
		}
		key := fmt.Sprint(token)
		row := len(objects) + 1
		if number := tidy(key); number == "" || strings.Trim(number, "0123456789") != "" {
			return nil, fmt.Errorf("row %d: «%s» is no number of a card: %w", row, short(key), errShape)
		}
		object, err := j.student(row)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(object, func(m member) bool { return isCard(plain(m.key)) })
		if at >= 0 && tidy(object[at].value) != tidy(key) {
			return nil, fmt.Errorf("row %d: the student under the card %s has the card «%s»",
				row, key, short(object[at].value))
		}
		if at < 0 {
			object = append([]member{{"card", key}}, object...)
		}
		objects = append(objects, object)
	}
	if len(objects) == 0 {
		return nil, errShape
	}
	return objects, nil
}

// student reads an object; in the old system's roster it may also be a text: the full name.
func (j *jsonReader) student(row int) ([]member, error) {
	token, err := j.token()
	if err != nil {
		return nil, err
	}
	if text, ok := token.(string); ok {
		return []member{{"fullname", text}}, nil
	}
	if token != json.Delim('{') {
		return nil, fmt.Errorf("row %d is no object: %w", row, errShape)
	}
	var object []member
	for j.decoder.More() {
		key, err := j.token()
		if err != nil {
			return nil, err
		}
		m := member{key: fmt.Sprint(key)}
		if slices.ContainsFunc(object, func(other member) bool { return other.key == m.key }) {
			return nil, fmt.Errorf("row %d: «%s» is there twice", row, short(m.key))
		}
		value, err := j.token()
		if err != nil {
			return nil, err
		}
		switch value := value.(type) {
		case nil:
		case json.Delim, bool:
			return nil, fmt.Errorf("row %d: «%s» is no text and no number", row, short(m.key))
		default:
			m.value = fmt.Sprint(value)
		}
		object = append(object, m)
	}
	_, err = j.token()
	return object, err
}

// token is the next token; an error says in which line the text is no JSON.
func (j *jsonReader) token() (json.Token, error) {
	token, err := j.decoder.Token()
	if err == nil {
		return token, nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("line %d: the file ends in the midst of the list: %w",
			lineAt(j.text, len(strings.TrimRight(j.text, "\r\n"))), errShape)
	}
	at := int(j.decoder.InputOffset())
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at = int(syntax.Offset)
	}
	return nil, fmt.Errorf("line %d: that is no JSON (%s): %w",
		lineAt(j.text, min(at, len(j.text))), err.Error(), errShape)
}
