package command

import "strings"

// The errors that Redis sends, verbatim. A family adds here what only it
// needs, so that a text stands in one place.
const (
	ErrSyntax             = "ERR syntax error"
	ErrWrongType          = "WRONGTYPE Operation against a key holding the wrong kind of value"
	ErrNotInteger         = "ERR value is not an integer or out of range"
	ErrNotFloat           = "ERR value is not a valid float"
	ErrOutOfRange         = "ERR value is out of range"
	ErrMustBePositive     = "ERR value is out of range, must be positive"
	ErrNoSuchKey          = "ERR no such key"
	ErrIndexOutOfRange    = "ERR index out of range"
	ErrNoScript           = "NOSCRIPT No matching script. Please use EVAL."
	ErrExecAbort          = "EXECABORT Transaction discarded because of previous errors."
	ErrOutOfMemory        = "OOM command not allowed when used memory > 'maxmemory'."
	ErrNoAuth             = "NOAUTH Authentication required."
	ErrWrongPass          = "WRONGPASS invalid username-password pair or user is disabled."
	ErrLoading            = "LOADING Redis is loading the dataset in memory"
	ErrBusyKey            = "BUSYKEY Target key name already exists."
	ErrReplyTooLong       = "ERR reply exceeds maximum allowed size (proto-max-bulk-len)"
	ErrStringTooLong      = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
	ErrOffsetOutOfRange   = "ERR offset is out of range"
	ErrIncrementOverflow  = "ERR increment or decrement would overflow"
	ErrDecrementOverflow  = "ERR decrement would overflow"
	ErrIncrementNaN       = "ERR increment would produce NaN or Infinity"
	ErrInvalidCursor      = "ERR invalid cursor"
	ErrDBIndexOutOfRange  = "ERR DB index is out of range"
	ErrInvalidDBIndex     = "ERR invalid DB index"
	ErrNotAllowedInScript = "ERR This Redis command is not allowed from script"
	ErrSameObject         = "ERR source and destination objects are the same"
	ErrNotNegatable       = "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"
	ErrNumKeys            = "ERR numkeys should be greater than 0"
	ErrNegativeLimit      = "ERR LIMIT can't be negative"
	ErrBGSaveInProgress   = "ERR Background save already in progress"
)

// WrongNumberOfArguments is the arity error for a command's full name.
func WrongNumberOfArguments(fullName string) string {
	return "ERR wrong number of arguments for '" + fullName + "' command"
}

// InvalidExpire is the error for an expire time that cannot be represented.
func InvalidExpire(name string) string {
	return "ERR invalid expire time in '" + name + "' command"
}

// Printed is what %s prints of a word: up to the first zero byte.
func Printed(word []byte) string {
	text, _, _ := strings.Cut(string(word), "\x00")
	return text
}
