package password

import (
	"fmt"
	"os"
	"strings"
)

// ReadFile reads the pepper of a file. A line end after it does not count.
func ReadFile(name string) (Pepper, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", fmt.Errorf("reading the pepper (ENERGY_PEPPER, or the file of `energy auth pepper`): %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s can be read by others than its owner: chmod 600 %s", name, name)
	}
	content, err := os.ReadFile(name) // #nosec G304 -- a setting names it
	if err != nil {
		return "", fmt.Errorf("reading the pepper: %w", err)
	}
	pepper := strings.TrimRight(string(content), "\r\n")
	if pepper == "" {
		return "", fmt.Errorf("%s is empty: it must hold the pepper", name)
	}
	return Pepper(pepper), nil
}

// WriteFile makes a file with the pepper, readable by its owner only. It never replaces one.
func WriteFile(name string, pepper Pepper) (err error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- a setting names it
	if err != nil {
		return fmt.Errorf("writing the pepper: %w", err)
	}
	defer func() {
		if closing := file.Close(); err == nil {
			err = closing
		}
	}()
	_, err = file.WriteString(string(pepper) + "\n")
	return err
}
