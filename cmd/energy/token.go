package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"energiya/internal/config"
	"energiya/internal/tokens"
)

func newToken() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Show the file of tokens, and change what stands in it",
		Long: `Show the file of tokens and how many it holds. A token is the secret that the auth server shows with every request.

The file has one token a line and is readable by its owner only; the first start makes it. All its tokens are
valid, and a running server sees a change within seconds. So a token is changed without an outage:

  energy token new                  append a new one
                                    give it to the auth server (the last line of the file)
  energy token drop <beginning>     take the old one out

Where ENERGY_TOKEN is set, the file is not looked at.

` + settings("Token", "TokenFile"),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withTokenFile(cmd, func(path string) error {
				list, err := tokens.Read(path)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s holds %s\n", path, count(len(list), "token"))
				return nil
			})
		},
	}
	cmd.AddCommand(newTokenNew(), newTokenDrop())
	return cmd
}

func newTokenNew() *cobra.Command {
	return &cobra.Command{
		Use:   "new",
		Short: "Append a new token to the file",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withTokenFile(cmd, func(path string) error {
				if err := tokens.New(path); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "the new token is the last line of %s\n", path)
				return nil
			})
		},
	}
}

func newTokenDrop() *cobra.Command {
	return &cobra.Command{
		Use:   "drop <beginning>",
		Short: "Take the token that begins so out of the file",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withTokenFile(cmd, func(path string) error {
				if err := tokens.Drop(path, args[0]); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "dropped from %s\n", path)
				return nil
			})
		},
	}
}

// withTokenFile calls do with the token file's full name, and says where the environment makes the file moot.
func withTokenFile(cmd *cobra.Command, do func(path string) error) error {
	s, err := config.Load()
	if err != nil {
		return err
	}
	path, err := filepath.Abs(s.TokenFile)
	if err != nil {
		return fmt.Errorf("finding the token file: %w", err)
	}
	if n := len(s.Token); n > 0 {
		fmt.Fprintf(
			cmd.ErrOrStderr(),
			"ENERGY_TOKEN is set (%s): a server that has it does not look at the file\n",
			count(n, "token"),
		)
	}
	return do(path)
}

// count is "1 token", "2 tokens".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
