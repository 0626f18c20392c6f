package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"energiya/auth"
	"energiya/internal/config"
)

const (
	sqlPicturesMissing = `select person, name from api.pictures_missing order by person`
	sqlImportPicture   = `select image from api.import_picture(person => $1, name => $2, jpeg => $3)`
)

func newAuthImportPictures() *cobra.Command {
	return &cobra.Command{
		Use:   "import-pictures <folder>",
		Short: "Take over people's pictures from the folder of an old auth server",
		Long: `Take over people's pictures from the folder "media" of an old auth server into the database. Each becomes a square
JPEG of 400 pixels, without the data that a camera adds. The folder stays as it is. A picture that can't be read is
named, and its person goes on without. It can be stopped and called again: what was taken over stays so.

` + settings(config.DatabaseURL),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			folder, err := os.OpenRoot(args[0]) // a name in the database leads nowhere else
			if err != nil {
				return fmt.Errorf("opening the folder of pictures: %w", err)
			}
			defer func() { _ = folder.Close() }()
			conn, err := connect(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close(context.WithoutCancel(cmd.Context())) }()
			taken, failed, err := importPictures(cmd.Context(), conn, folder.FS(), cmd)
			fmt.Fprintf(cmd.OutOrStdout(), "%s taken over, %d not\n", count(taken, "picture"), failed)
			return err
		},
	}
}

// missingPicture is a person whose picture is not in the database.
type missingPicture struct {
	Person int
	Name   string
}

// importPictures takes over every picture that the database misses and the folder has.
func importPictures(
	ctx context.Context,
	conn *pgx.Conn,
	folder fs.FS,
	cmd *cobra.Command,
) (taken, failed int, err error) {
	rows, err := conn.Query(ctx, sqlPicturesMissing)
	if err != nil {
		return 0, 0, fmt.Errorf("looking for missing pictures: %w", err)
	}
	missing, err := pgx.CollectRows(rows, pgx.RowToStructByPos[missingPicture])
	if err != nil {
		return 0, 0, fmt.Errorf("looking for missing pictures: %w", err)
	}
	bar := progressbar.NewOptions(
		len(missing),
		progressbar.OptionSetWriter(cmd.ErrOrStderr()),
		progressbar.OptionShowCount(),
		progressbar.OptionSetDescription("pictures"),
	)
	defer func() { _ = bar.Finish(); fmt.Fprintln(cmd.ErrOrStderr()) }()
	var faults []string
	for _, m := range missing {
		err := importPicture(ctx, conn, folder, m)
		switch {
		case err == nil:
			taken++
		case errors.Is(err, context.Canceled):
			return taken, failed, err
		default:
			failed++
			faults = append(faults, fmt.Sprintf("person %d, %s: %v", m.Person, m.Name, err))
		}
		_ = bar.Add(1)
	}
	_ = bar.Clear()
	for _, fault := range faults {
		fmt.Fprintln(cmd.ErrOrStderr(), fault)
	}
	return taken, failed, nil
}

func importPicture(ctx context.Context, conn *pgx.Conn, folder fs.FS, m missingPicture) error {
	file, err := fs.ReadFile(folder, m.Name)
	if err != nil {
		return err
	}
	name, jpeg, err := auth.MakePicture(ctx, file)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sqlImportPicture, m.Person, name, jpeg)
	return err
}
