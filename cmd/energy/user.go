package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"energiya/internal/config"
)

func newUser() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "People",
		Args:  cobra.NoArgs,
		// a command that runs minds its arguments: without, a mistyped "add" would be a success
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newUserAdd(), newUserCode(), newUserPassword())
	return cmd
}

// person is what the flags of "energy user add" say.
type person struct {
	role, family, given, patronymic, group string
	card                                   int32
}

// check looks at what could not even be sent, or would be taken for a name. The rules are the database's.
func (p person) check() error {
	roles := []string{"STUDENT", "COACH", "ADMIN", "BLOCKED"}
	switch {
	case !slices.Contains(roles, p.role):
		return fmt.Errorf("--role is %q; it may be %s", p.role, strings.Join(roles, ", "))
	case strings.TrimSpace(p.family) == "":
		return errors.New("--family is empty")
	case strings.TrimSpace(p.given) == "":
		return errors.New("--given is empty")
	}
	for _, name := range []string{p.family, p.given, p.patronymic, p.group} {
		if !utf8.ValidString(name) {
			return fmt.Errorf("%q is not UTF-8: set the terminal to it", name)
		}
	}
	return nil
}

const sqlAddUser = `
select id, code, valid_until from api.add_user(
  card => $1, family => $2, given => $3, patronymic => $4, "group" => $5, role => $6, entropy => $7)`

// replacedFlags are the flags that meant something else before, and what is to be typed instead.
func replacedFlags() map[string]string {
	return map[string]string{
		"firstname":  "the given name is --given",
		"secondname": "the family name is --family, the patronymic --patronymic",
		"surname":    "the family name is --family, the patronymic --patronymic",
	}
}

// replacedFlag is the value of a flag that is no longer taken: setting it fails with what to type instead.
type replacedFlag string

func (f replacedFlag) Set(string) error { return errors.New(string(f)) }
func (replacedFlag) String() string     { return "" }
func (replacedFlag) Type() string       { return "string" }

func newUserAdd() *cobra.Command {
	var p person
	var chosen chosenPassword
	cmd := &cobra.Command{
		Use:   "add --role ADMIN --card N --family … --given …",
		Short: "Add a person and print the id",
		Long: `Add a person and print the id. Log in as the database's owner, or with the role of administrators.

The password is asked for without echo, read from standard input, or made at random and printed once. With --code the person
sets it: what is printed then is the code for that. There is no default administrator and no default password: the first
one is made so.

` + settings(config.DatabaseURL, "Pepper", "PepperFile"),
		Example: `  energy user add --role ADMIN --card 12069840 --family Петров --given Иван --patronymic Ильич
  energy user add --role COACH --card 12069841 --family Орлова --given Анна --code`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := p.check(); err != nil {
				return err
			}
			return addUser(cmd, p, chosen)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&p.role, "role", "", "STUDENT, COACH or ADMIN")
	flags.Int32Var(&p.card, "card", 0, "number of the student card, the log-in name")
	flags.StringVar(&p.family, "family", "", "family name (фамилия)")
	flags.StringVar(&p.given, "given", "", "given name (имя)")
	flags.StringVar(&p.patronymic, "patronymic", "", "patronymic (отчество), where there is one")
	flags.StringVar(&p.group, "group", "", "group of study")
	for _, name := range []string{"role", "card", "family", "given"} {
		_ = cmd.MarkFlagRequired(name) // fails for an unknown flag only
	}
	for name, instead := range replacedFlags() {
		flags.Var(replacedFlag(instead), name, "")
		_ = flags.MarkHidden(name) // fails for an unknown flag only
	}
	chosen.flags(cmd)
	return cmd
}

// addUser adds the person and keeps the password in one transaction: whose password is refused is not added.
func addUser(cmd *cobra.Command, p person, chosen chosenPassword) error {
	ctx := cmd.Context()
	// before a person is asked for a password in vain
	conn, err := connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	typed, err := chosen.read(cmd)
	if err != nil {
		return err
	}
	var id int
	var code made
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, sqlAddUser, p.card, p.family, p.given, p.patronymic, p.group, p.role, entropy()).
			Scan(&id, &code.code, &code.validUntil)
		if err != nil || chosen.code {
			return err
		}
		return keepPassword(ctx, tx, p.card, typed)
	})
	if err != nil {
		return fmt.Errorf("adding the person: %w", err)
	}
	fmt.Fprintln(cmd.OutOrStdout(), "id", id)
	chosen.print(cmd, typed, code)
	return nil
}

// readPassword takes the first line of in where it is piped, or asks twice at a terminal, without echo.
func readPassword(in io.Reader, prompts io.Writer, piped bool) (string, error) {
	if piped {
		line, err := bufio.NewReader(in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("reading the password from standard input: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	terminal, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return "", errors.New("there is no terminal to ask for the password at: use --password-stdin or --generate")
	}
	ask := func(prompt string) (string, error) {
		fmt.Fprint(prompts, prompt)
		password, err := term.ReadPassword(int(terminal.Fd()))
		fmt.Fprintln(prompts)
		return string(password), err
	}
	password, err := ask("password: ")
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	again, err := ask("once more: ")
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	if password != again {
		return "", errors.New("the two passwords differ: nothing was done")
	}
	return password, nil
}
