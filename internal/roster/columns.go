package roster

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// What a column may be read as.
const (
	card       = "card"
	family     = "family name"
	given      = "given name"
	patronymic = "patronymic"
	fullName   = "full name"
	group      = "group"
)

// headers are what the columns may be called, as plain leaves it. The headers secondname and surname are not here: what
// they mean depends on each other (readAs). Nor are those of a gradebook: they name the card only where no other column
// does.
func headers() map[string][]string {
	return map[string][]string{
		card: {
			"card", "cardid", "cardno", "cardnumber", "studentcard", "studentcardnumber", "studentid", "studentno",
			"studentnumber", "билет", "студенческий", "студбилет", "стбилет", "студенческийбилет", "студенческогобилета",
			"номербилета", "номерсб", "номерстбилета", "номерстудбилета", "номерстуденческого",
			"номерстуденческогобилета",
		},
		family: {
			"family", "familyname", "lastname", "фамилия", "фамилиястудента", "фамилияобучающегося",
		},
		given:      {"given", "firstname", "name", "givenname", "имя", "имястудента", "имяобучающегося"},
		patronymic: {"patronymic", "middlename", "отчество", "отчествостудента", "отчествообучающегося"},
		fullName: {
			"fullname", "student", "studentname", "фио", "фиостудента", "фиообучающегося", "фамилияимяотчество",
			"фамилияио", "студент", "обучающийся",
		},
		group: {
			"group", "groupname", "groupnumber", "studygroup", "группа", "гр", "учебнаягруппа", "академическаягруппа",
			"академгруппа", "группастудента", "номергруппы", "шифргруппы", "названиегруппы",
		},
	}
}

// gradebooks are headers of the other number that a student has. Many universities give both the same.
var gradebooks = []string{
	"зачетнаякнижка", "зачетка", "зачкнижка", "номерзачетнойкнижки", "номерзачетки", "номерзачкнижки", "номерзк",
	"gradebook", "recordbook",
}

var (
	// latin letters that look like the Cyrillic ones
	lookAlikes = strings.NewReplacer("a", "а", "b", "в", "c", "с", "e", "е", "h", "н", "k", "к", "m", "м", "o", "о",
		"p", "р", "t", "т", "x", "х", "y", "у", "ё", "е")
	numberSign  = regexp.MustCompile(`^\s*(№|n[o°º]?[\s.]|номер\s|#)`)
	parentheses = regexp.MustCompile(`\([^)]*\)`)
)

// plain is a header without what people write differently: case, ё, blanks, signs, Latin letters within Cyrillic.
func plain(text string) string {
	text = strings.ToLower(norm.NFC.String(text))
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }) {
		text = numberSign.ReplaceAllString(text, "номер ")
		text = lookAlikes.Replace(text)
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
}

// readAs is what a header says that its column holds; empty where it is none of ours. others: the plain headers of the
// table.
func readAs(header string, others []string) (as, why string) {
	hasSecondname := slices.Contains(others, "secondname")
	switch header {
	case "secondname":
		return family, "as on the wire"
	case "surname":
		if hasSecondname {
			return patronymic, "as on the wire, beside a column secondname"
		}
		return family, "there is no column secondname"
	}
	for as, names := range headers() {
		// «№ группы» and «№ билета» become номергруппы; «№ студ. билет» keeps its case of the noun
		if slices.Contains(names, header) || slices.Contains(names, strings.TrimPrefix(header, "номер")) {
			return as, ""
		}
	}
	if slices.Contains(gradebooks, header) || slices.Contains(gradebooks, strings.TrimPrefix(header, "номер")) {
		if slices.ContainsFunc(others, isCard) {
			return "", "another column is the card"
		}
		return card, ""
	}
	return "", ""
}

func isCard(header string) bool {
	cards := headers()[card]
	return slices.Contains(cards, header) || slices.Contains(cards, strings.TrimPrefix(header, "номер"))
}

// columns finds out how to read each column under a header; ok is false where the row is no header.
func columns(header []cell) (list []Column, ok bool, err error) {
	names := make([]string, len(header))
	for i, c := range header {
		names[i] = plain(parentheses.ReplaceAllString(c.text, ""))
	}
	found := map[string]string{}
	for i, h := range header {
		c := Column{Title: tidy(h.text)}
		c.ReadAs, c.Why = readAs(names[i], names)
		first, twice := found[c.ReadAs]
		switch {
		case c.ReadAs == "":
		case h.columns > 1:
			err = errors.Join(err, fmt.Errorf("the header «%s» covers %d columns: give each a header of its own",
				c.Title, h.columns))
			found[c.ReadAs] = c.Title
		case !twice:
			found[c.ReadAs] = c.Title
		case c.ReadAs == given || c.ReadAs == fullName:
			c.ReadAs, c.Why = "", "«"+first+"» is read as that"
		case c.ReadAs == family || c.ReadAs == patronymic:
			// to take the first would be to guess whose name it is
			err = fmt.Errorf("the columns «%s» and «%s» would both be read as the %s: "+
				"rename one to «фамилия» or «отчество», or leave it out", first, c.Title, c.ReadAs)
		default:
			err = fmt.Errorf("the columns «%s» and «%s» would both be read as the %s: rename one, or leave it out",
				first, c.Title, c.ReadAs)
		}
		list = append(list, c)
	}
	_, hasCard := found[card]
	_, hasFamily := found[family]
	_, hasName := found[fullName]
	ok = hasCard && (hasFamily || hasName)
	if !ok {
		return nil, false, nil
	}
	return list, true, err
}

// errNoHeader says what a table must begin with.
var errNoHeader = errors.New("no row names the columns: the first one must, «билет» (card), " +
	"«фамилия» (family name) or «ФИО» (full name), and may «имя» (given name), «отчество» (patronymic), " +
	"«группа» (group)")
