//go:build !linux

package password

// aside runs do.
func aside(do func()) { do() }
