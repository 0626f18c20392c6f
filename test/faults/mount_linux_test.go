package faults_test

import "syscall"

// mount makes a disk in memory.
func mount(folder, size string) error { return syscall.Mount("tmpfs", folder, "tmpfs", 0, size) }

func unmount(folder string) error { return syscall.Unmount(folder, 0) }
