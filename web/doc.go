// Package web serves the pages of student, coach and administrator. `energy auth` mounts it.
//
// The pages are rendered here with html/template and work without JavaScript. A page reaches the gym only through
// the main server's contract (Options.Gym) and people's sessions only through Options.Accounts. No rule lives here:
// a handler reads the form, calls one of the two, and shows what came back.
//
// # Where things are
//
//   - web.go: the options and the table of all paths.
//   - NAME.go and templates/NAME.html: one screen, its handlers and its template.
//   - templates/layout.html: the frame of every page; templates/partials.html: icons, fields, notices.
//   - static/style.css: the only stylesheet. Its first block is the list of design tokens.
//   - static/*.js: ES modules. A screen without its module still works.
//   - text/ru.toml and text/en.toml: every word that a person reads.
//
// # How to add a screen
//
//  1. Write templates/NAME.html. It defines "title" and "main", and where the screen needs them "bar" (the fixed bar
//     at the bottom) and "scripts". Words come from {{.T "NAME.word"}}, plurals from {{.N "NAME.word" count}}.
//  2. Add the words to text/ru.toml and text/en.toml. A test names missing and unused words.
//  3. Write NAME.go with a method of site for each request: func (s *site) nameGet(w, r) error. Return the errors
//     of Options.Gym and Options.Accounts as they are: fail (errors.go) turns them into pages. A form that was refused
//     is shown again with the refusal (page.Refused).
//  4. Add its paths to routes (web.go), with the roles that may see it.
//  5. Add it to TestScreens (web_test.go) with full, empty and hostile data, and to test/browser/screens.mjs, which
//     checks it with axe, for clipping, layout shift, errors and bytes, and makes its pictures.
//  6. Look at its pictures: narrow and wide, light and dark, both languages.
package web
