package testclock

const ClockFile = clockFile

var ShiftFrom = shiftFrom
