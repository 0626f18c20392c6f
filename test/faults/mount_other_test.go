//go:build !linux

package faults_test

import "errors"

func mount(string, string) error { return errors.New("only Linux makes disks in memory so") }

func unmount(string) error { return nil }
