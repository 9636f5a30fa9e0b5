package app

import (
	"strconv"

	"everysec/web/words"
)

// Count writes a number with commas: 12,345.
func Count(n int64) string { return words.Count(n) }

// Bytes writes a size: exact below 10,000 bytes, then in KB, MB, GB of 1024.
func Bytes(n int64) string {
	if n < 10_000 {
		return Count(n) + " B"
	}
	f, unit := float64(n)/1024, "KB"
	for _, next := range []string{"MB", "GB"} {
		if f < 1000 {
			break
		}
		f, unit = f/1024, next
	}
	return Number(f) + " " + unit
}

// Number writes three digits: 1.23, 12.3, 123.
func Number(f float64) string {
	digits := 0
	switch {
	case f < 9.995:
		digits = 2
	case f < 99.95:
		digits = 1
	}
	return words.Number(f, digits)
}

// Span writes microseconds for people: "6 µs", "1.2 ms", "31 s", "12 min".
func Span(us int64) string {
	f := float64(us)
	switch {
	case us < 1000:
		return strconv.FormatInt(us, 10) + " µs"
	case us < 1_000_000:
		return Number(f/1e3) + " ms"
	case us < 120_000_000:
		return Number(f/1e6) + " s"
	case us < 7200_000_000:
		return Number(f/60e6) + " min"
	case us < 172_800_000_000:
		return Number(f/3600e6) + " h"
	}
	return Number(f/86400e6) + " d"
}

// Age writes microseconds as coarsely as somebody who watches can read: "0.4 s",
// "12 s", "3 min".
func Age(us int64) string {
	switch {
	case us < 10_000_000:
		return words.Number(float64(us/100_000)/10, 1) + " s"
	case us < 120_000_000:
		return strconv.FormatInt(us/1_000_000, 10) + " s"
	case us < 7200_000_000:
		return strconv.FormatInt(us/60_000_000, 10) + " min"
	case us < 172_800_000_000:
		return strconv.FormatInt(us/3600_000_000, 10) + " h"
	}
	return strconv.FormatInt(us/86_400_000_000, 10) + " d"
}

// Ordinal writes 1st, 2nd, 3rd, 4th, 11th, 21st.
func Ordinal(n int64) string {
	if !words.English() {
		return words.Say("{n}th", Count(n))
	}
	ending := "th"
	if n%100/10 != 1 {
		switch n % 10 {
		case 1:
			ending = "st"
		case 2:
			ending = "nd"
		case 3:
			ending = "rd"
		}
	}
	return Count(n) + ending
}

// Clock writes the time of day in UTC, with tenths of a second.
func Clock(us int64) string {
	tenths := us / 100_000
	day := tenths % 864_000
	two := func(n int64) string {
		s := strconv.FormatInt(n, 10)
		if len(s) == 1 {
			return "0" + s
		}
		return s
	}
	return two(day/36_000) + ":" + two(day/600%60) + ":" + two(day/10%60) + "." + strconv.FormatInt(day%10, 10)
}

// HexDump writes sixteen bytes a line: offset, bytes, and the text they are.
func HexDump(data []byte, offset int) []byte {
	const hex = "0123456789abcdef"
	var out []byte
	for at := 0; at < len(data); at += 16 {
		line := data[at:min(at+16, len(data))]
		position := offset + at
		for shift := 20; shift >= 0; shift -= 4 {
			out = append(out, hex[position>>shift&15])
		}
		for i := range 16 {
			if i%4 == 0 {
				out = append(out, ' ')
			}
			if i < len(line) {
				out = append(out, hex[line[i]>>4], hex[line[i]&15])
			} else {
				out = append(out, "  "...)
			}
		}
		out = append(out, ' ', ' ')
		for _, c := range line {
			if c < ' ' || c > '~' {
				c = '.'
			}
			out = append(out, c)
		}
		out = append(out, '\n')
	}
	return out
}
