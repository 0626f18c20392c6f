// Docs writes docs/database.md from the catalogue of a migrated database: its texts are the comments of the SQL itself.
// Run by make docs, in the project's folder; a test fails while the page is stale.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"energiya/db"
)

func main() {
	if err := run(context.Background(), "docs"); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, folder string) error {
	config, err := pgx.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		return fmt.Errorf("reading the database's address: %w", err)
	}
	conn, err := db.Connect(ctx, config)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	pages, err := render(ctx, conn)
	if err != nil {
		return err
	}
	for name, content := range pages {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			return fmt.Errorf("writing the documentation: %w", err)
		}
	}
	return nil
}

// render gives the files of the documentation by their names.
func render(ctx context.Context, conn *pgx.Conn) (map[string]string, error) {
	catalogue, err := read(ctx, conn)
	if err != nil {
		return nil, err
	}
	return map[string]string{"database.md": page(catalogue)}, nil
}
