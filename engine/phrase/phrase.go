// Package phrase puts values into messages as fmt does, with a few verbs and no
// reflection: fmt and what it needs are 60 KB of what a visitor of the page
// downloads.
//
//	%d an integer    %s %v a string, bytes, an integer, an error or a Stringer
//	%q a quoted string    %w an error that Errorf wraps
//
// Values are of Go's own types, not of types made from them (unless they have
// a String method); others show as "%!", which tests look for.
package phrase

import (
	"errors"
	"strconv"
	"strings"
)

// Sprintf is format with its verbs replaced.
func Sprintf(format string, values ...any) string {
	message, _ := put(format, values)
	return message
}

// Errorf is an error that says Sprintf and wraps the value of %w, if there is one.
func Errorf(format string, values ...any) error {
	message, cause := put(format, values)
	if cause != nil {
		return &wrapped{message, cause}
	}
	return errors.New(message)
}

type wrapped struct {
	message string
	cause   error
}

func (w *wrapped) Error() string { return w.message }

func (w *wrapped) Unwrap() error { return w.cause }

func put(format string, values []any) (message string, cause error) {
	var b []byte
	for {
		plain, rest, found := strings.Cut(format, "%")
		b = append(b, plain...)
		if !found || rest == "" {
			return string(b), cause
		}
		verb := rest[0]
		format = rest[1:]
		if verb == '%' || len(values) == 0 {
			b = append(b, '%')
			continue
		}
		value := values[0]
		values = values[1:]
		if err, ok := value.(error); ok && verb == 'w' {
			cause = err
		}
		said := say(value)
		if verb == 'q' {
			said = strconv.Quote(said)
		}
		b = append(b, said...)
	}
}

func say(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case uint8:
		return strconv.FormatUint(uint64(v), 10)
	case uint32:
		return strconv.FormatUint(uint64(v), 10)
	case uint64:
		return strconv.FormatUint(v, 10)
	case error:
		return v.Error()
	case interface{ String() string }:
		return v.String()
	}
	return "%!"
}
