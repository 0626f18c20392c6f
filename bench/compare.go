package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// enough values for benchstat to tell a change from chance.
const enough = 4

func newCompare() *cobra.Command {
	return &cobra.Command{
		Use: "compare A.json B.json", Short: "Compare the figures of two runs", Args: cobra.ExactArgs(2),
		Long: "Compare the figures of two runs. The ratios to the limits are what counts between two machines, or two days of one.\nWith --repeat 4 or more in both runs benchstat then says which changes are more than chance.",
		RunE: func(cmd *cobra.Command, files []string) error {
			a, err := readResult(files[0])
			if err != nil {
				return err
			}
			b, err := readResult(files[1])
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if err := compare(out, a, b); err != nil {
				return err
			}
			if len(a.Figures) == 0 || len(b.Figures) == 0 || len(a.Figures[0].Values) < enough ||
				len(b.Figures[0].Values) < enough {
				return nil
			}
			fmt.Fprintln(out)
			return benchstat(cmd, a, b)
		},
	}
}

func compare(out io.Writer, a, b *Result) error {
	fmt.Fprintf(out, "A: %s%s\nB: %s%s\n\n", a.heading(), a.warning(), b.heading(), b.warning())
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "figure\tA\tB\tunit\tB of A\tA of limit\tB of limit")
	for _, before := range a.Figures {
		after := b.find(before.Part, before.Name)
		if after == nil {
			continue
		}
		change := ""
		if before.Median() != 0 {
			change = fmt.Sprintf("%.2f", after.Median()/before.Median())
		}
		limits := "\t"
		if before.Limit != "" && after.Limit != "" {
			limits = fmt.Sprintf("%.2f\t%.2f", before.Ratio, after.Ratio)
		}
		fmt.Fprintf(
			table,
			"%s: %s\t%s\t%s\t%s\t%s\t%s\n",
			before.Part,
			before.Name,
			short(before.Median()),
			short(after.Median()),
			before.Unit,
			change,
			limits,
		)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

// benchstat runs the Go project's own tool over both.
func benchstat(cmd *cobra.Command, a, b *Result) error {
	folder, err := os.MkdirTemp("", "energiya-bench-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	args := []string{"tool", "benchstat"}
	for i, r := range []*Result{a, b} {
		name := string(rune('A' + i))
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(lines(r)), 0o600); err != nil {
			return fmt.Errorf("writing lines for benchstat: %w", err)
		}
		args = append(args, name+"="+file)
	}
	tool := exec.CommandContext(cmd.Context(), "go", args...)
	tool.Stdout, tool.Stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
	if err := tool.Run(); err != nil {
		return fmt.Errorf("running benchstat: %w", err)
	}
	return nil
}

func newLines() *cobra.Command {
	return &cobra.Command{
		Use: "lines A.json", Short: "Write the figures as lines of Go's benchmark format", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			r, err := readResult(files[0])
			if err == nil {
				_, err = io.WriteString(cmd.OutOrStdout(), lines(r))
			}
			return err
		},
	}
}

var notInNames = regexp.MustCompile(`[^\pL\pN×./:,_]+`)

func lines(r *Result) string {
	var s strings.Builder
	fmt.Fprintf(
		&s,
		"cpu: %s\npostgresql: %s\ngo: %s\ncommit: %s\n",
		r.Machine.CPU,
		r.Versions.PostgreSQL,
		r.Versions.Go,
		r.Versions.Commit,
	)
	for _, f := range r.Figures {
		for _, v := range f.Values {
			fmt.Fprintf(
				&s,
				"BenchmarkEnergy/%s/%s 1 %g %s\n",
				f.Part,
				notInNames.ReplaceAllString(f.Name, "-"),
				v,
				notInNames.ReplaceAllString(f.Unit, "-"),
			)
		}
	}
	return s.String()
}
