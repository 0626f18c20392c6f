// Package auth is the auth server: people log in through it, and it passes their requests on to the main server.
//
// It knows people only by the tokens of their sessions. Attempts, sessions, codes, rights and consents are decided by
// the functions of the database's schema auth; here passwords are hashed, pictures are decoded and HTTP is spoken.
//
//   - router.go: the options and the table of all paths.
//   - store.go: the calls of the database, one function of Go for each function of SQL.
//   - accounts.go: what people do with their accounts, for the JSON of the old front and for the pages alike.
//   - login.go, password.go, forward.go, media.go: the JSON of the old front, /api/v1 and /media.
//   - picture.go: what is made of a picture that is sent in.
//   - folder.go: a folder served in place of the pages.
package auth
