package roster

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	utf16 "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// decode reads the text of a file, whatever its encoding, and says which it was: UTF-8, UTF-16 or windows-1251. What
// would be a guess is refused. Its lines end with \n or \r\n.
func decode(content []byte) (text, encoding string, err error) {
	switch {
	case bytes.HasPrefix(content, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(content, []byte("\x00\x00\xfe\xff")):
		encoding = "UTF-32"
		text, err = decoded(utf32.UTF32(utf32.LittleEndian, utf32.ExpectBOM).NewDecoder(), content)
	case bytes.HasPrefix(content, []byte("\xff\xfe")), bytes.HasPrefix(content, []byte("\xfe\xff")):
		encoding = "UTF-16"
		text, err = decoded(utf16.UTF16(utf16.LittleEndian, utf16.ExpectBOM).NewDecoder(), content)
	case isUTF16(content, 1):
		encoding = "UTF-16"
		text, err = decoded(utf16.UTF16(utf16.LittleEndian, utf16.IgnoreBOM).NewDecoder(), content)
	case isUTF16(content, 0):
		encoding = "UTF-16"
		text, err = decoded(utf16.UTF16(utf16.BigEndian, utf16.IgnoreBOM).NewDecoder(), content)
	case bytes.HasPrefix(content, []byte("\xef\xbb\xbf")), isUTF8(content):
		encoding = "UTF-8"
		text = string(bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")))
		err = checkUTF8(text)
	default:
		encoding = "windows-1251"
		text, err = decoded(charmap.Windows1251.NewDecoder(), content)
		if err == nil {
			err = checkWindows1251(text)
		}
	}
	if err != nil {
		return "", "", err
	}
	// a text from DOS ends with Ctrl-Z
	text = strings.TrimRight(text, "\x1a")
	if !strings.Contains(text, "\n") {
		// as Macs of old wrote it, and as Excel offers still
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	at := strings.IndexFunc(text, func(r rune) bool {
		return r == utf8.RuneError || unicode.IsControl(r) && !strings.ContainsRune("\t\r\n\u0085", r)
	})
	if at >= 0 {
		r, _ := utf8.DecodeRuneInString(text[at:])
		if r == utf8.RuneError {
			return "", "", fmt.Errorf("line %d: a letter was lost there (U+FFFD in %s): make the file again",
				lineAt(text, at), encoding)
		}
		return "", "", fmt.Errorf("line %d: the control character U+%04X stands there: the file is damaged",
			lineAt(text, at), r)
	}
	return text, encoding, nil
}

func decoded(t transform.Transformer, content []byte) (string, error) {
	text, _, err := transform.Bytes(t, content)
	if err != nil {
		return "", fmt.Errorf("reading the text: %w", err)
	}
	return string(text), nil
}

// lineAt is the line, counted from 1, in which a byte of a text stands.
func lineAt(text string, at int) int {
	end := "\n"
	if !strings.Contains(text, end) {
		end = "\r"
	}
	return 1 + strings.Count(text[:at], end)
}

// isUTF16 reports whether a text without a mark is UTF-16: its digits and separators have zero bytes, all at even
// offsets (zeros is 0, big-endian) or all at odd ones (1).
func isUTF16(content []byte, zeros int) bool {
	count := 0
	for i, b := range content {
		if b != 0 {
			continue
		}
		if i%2 != zeros {
			return false
		}
		count++
	}
	return count > 0 && count >= len(content)/20
}

// isUTF8 reports whether more of a text's letters are UTF-8 than are not: in windows-1251 hardly any letter is.
func isUTF8(content []byte) bool {
	valid, invalid := 0, 0
	for len(content) > 0 {
		r, size := utf8.DecodeRune(content)
		switch {
		case r == utf8.RuneError && size == 1:
			invalid++
		case size > 1:
			valid++
		}
		content = content[size:]
	}
	return invalid == 0 || valid > invalid
}

func checkUTF8(text string) error {
	for at, r := range text {
		if r != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRuneInString(text[at:]); size == 1 {
			return fmt.Errorf("line %d: a byte there is no UTF-8, as the rest of the file is: "+
				"was the file cut, or put together from two?", lineAt(text, at))
		}
	}
	return nil
}

// expected are the signs beside letters and ASCII that a Russian list has. The Ukrainian and Belarusian letters are not
// among them: CP866 has its small letters there.
const expected = "№«»–—…’‘“”„\u00a0"

// checkWindows1251 refuses a text that makes no sense as windows-1251: CP866, KOI8-R and the like have other letters at
// the same bytes.
func checkWindows1251(text string) error {
	others, odd, first := 0, 0, -1
	for at, r := range text {
		if r < utf8.RuneSelf {
			continue
		}
		others++
		isExpected := r >= 'А' && r <= 'я' || r == 'Ё' || r == 'ё' || strings.ContainsRune(expected, r)
		if isExpected {
			continue
		}
		odd++
		if first < 0 {
			first = at
		}
	}
	if odd > 0 && odd*10 > others {
		return fmt.Errorf("line %d: the text there is neither UTF-8 nor windows-1251 (CP866, perhaps): "+
			"save the file as UTF-8", lineAt(text, first))
	}
	// KOI8-R has capitals where windows-1251 has small letters
	proper, swapped, first := 0, 0, -1
	at := 0
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
		at += strings.Index(text[at:], word)
		letters := []rune(word)
		if len(letters) > 2 && letters[0] >= utf8.RuneSelf {
			rest := string(letters[1:])
			switch {
			case unicode.IsUpper(letters[0]) && rest == strings.ToLower(rest):
				proper++
			case unicode.IsLower(letters[0]) && rest == strings.ToUpper(rest):
				swapped++
				if first < 0 {
					first = at
				}
			}
		}
		at += len(word)
	}
	if swapped > proper {
		return fmt.Errorf("line %d: the text there has small and capital letters the wrong way round in windows-1251 "+
			"(KOI8-R, perhaps): save the file as UTF-8", lineAt(text, first))
	}
	return nil
}
