package config

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"everysec/engine/number"
	"everysec/engine/phrase"
)

// Parameter is one directive of redis.conf.
type Parameter struct {
	Name string
	// AliasOf is the name that this older name stands for.
	AliasOf string
	// Default is the value as CONFIG GET prints it.
	Default string
	// Immutable: only the file and the command line may set it. Protected:
	// CONFIG SET only where enable-protected-configs allows it. Hidden: CONFIG
	// GET shows it only when asked by its exact name.
	Immutable, Protected, Hidden bool
	// Several: the value is several words.
	Several bool
	// NoEffect: the value is kept and shown, nothing here acts on it.
	NoEffect bool

	get   func(c *Config) string
	set   func(c *Config, words []string) error
	lines func(c *Config) []fileLine // for REWRITE; nil: one line
	// always: REWRITE writes it even with its default.
	always bool
	// quoted: REWRITE writes the value in quotes, and no line when it is empty.
	quoted, memory bool
}

// reason is why a value is not taken, in Redis's words as they go to the
// client.
type reason string

func (r reason) Error() string { return string(r) }

// The reasons Redis gives for a value that it does not take.
var (
	errWordCount error = reason("wrong number of arguments")
	errInteger   error = reason("argument couldn't be parsed into an integer")
	errOctal     error = reason("argument couldn't be parsed as an octal number")
	errMemory    error = reason("argument must be a memory value")
	errPercent   error = reason("argument must be a memory or percent value")
	errBool      error = reason("argument must be 'yes' or 'no'")
)

func (p Parameter) immutable() Parameter {
	p.Immutable = true
	return p
}

// used is for what is kept as it was written, and is read all the same.
func (p Parameter) used() Parameter {
	p.NoEffect = false
	return p
}

func (p Parameter) protected() Parameter {
	p.Protected = true
	return p
}

func (p Parameter) hidden() Parameter {
	p.Hidden = true
	return p
}

// words splits a value given as one string, as CONFIG SET does.
func (p *Parameter) words(value string) []string {
	if p.Several && value != "" {
		return strings.Split(value, " ")
	}
	return []string{value}
}

// one is a setter that takes exactly one word.
func one(set func(c *Config, value string) error) func(c *Config, words []string) error {
	return func(c *Config, words []string) error {
		if len(words) != 1 {
			return errWordCount
		}
		return set(c, words[0])
	}
}

// keep makes a parameter whose value nothing reads: canonical checks it and
// returns the form that CONFIG GET prints.
func keep(name, value string, canonical func(value string) (string, error)) Parameter {
	return Parameter{
		Name: name, Default: value, NoEffect: true,
		get: func(c *Config) string { return c.kept[name] },
		set: one(func(c *Config, value string) error {
			v, err := canonical(value)
			if err == nil {
				c.kept[name] = v
			}
			return err
		}),
	}
}

func parseBool(value string) (bool, error) {
	switch {
	case strings.EqualFold(value, "yes"):
		return true, nil
	case strings.EqualFold(value, "no"):
		return false, nil
	}
	return false, errBool
}

func formatBool(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func boolean(name, value string, field func(c *Config) *bool) Parameter {
	return Parameter{
		Name: name, Default: value,
		get: func(c *Config) string { return formatBool(*field(c)) },
		set: one(func(c *Config, value string) error {
			b, err := parseBool(value)
			if err == nil {
				*field(c) = b
			}
			return err
		}),
	}
}

// never is a parameter that cannot be switched on here, with the reason.
func never(name, why string) Parameter {
	return keep(name, "no", func(value string) (string, error) {
		b, err := parseBool(value)
		if b {
			err = reason(why)
		}
		return "no", err
	})
}

func keptBool(name, value string) Parameter {
	return keep(name, value, func(value string) (string, error) {
		b, err := parseBool(value)
		return formatBool(b), err
	})
}

// maxInt and maxLong are the bounds of C's int and long.
const (
	maxInt  = math.MaxInt32
	maxLong = math.MaxInt64
)

func outside(low, high int64) error {
	return phrase.Errorf("argument must be between %d and %d inclusive", low, high)
}

func parseInteger(value string, low, high int64) (int64, error) {
	n, ok := number.ParseInt([]byte(value))
	switch {
	case !ok:
		return 0, errInteger
	case n < low || n > high:
		return 0, outside(low, high)
	}
	return n, nil
}

func integer[T int | int64](name, value string, low, high int64, field func(c *Config) *T) Parameter {
	return Parameter{
		Name: name, Default: value,
		get: func(c *Config) string { return strconv.FormatInt(int64(*field(c)), 10) },
		set: one(func(c *Config, value string) error {
			n, err := parseInteger(value, low, high)
			if err == nil {
				*field(c) = T(n)
			}
			return err
		}),
	}
}

func keptInt(name, value string, low, high int64) Parameter {
	return keep(name, value, func(value string) (string, error) {
		n, err := parseInteger(value, low, high)
		return strconv.FormatInt(n, 10), err
	})
}

func keptOctal(name, value string, high int64) Parameter {
	return keep(name, value, func(value string) (string, error) {
		n, err := strconv.ParseInt(value, 8, 64)
		switch {
		case err != nil:
			return "", errOctal
		case n < 0 || n > high:
			return "", outside(0, high)
		}
		return strconv.FormatInt(n, 8), nil
	})
}

// memoryUnits are those of redis.conf: with "b" powers of two.
var memoryUnits = map[string]uint64{
	"": 1, "b": 1, "k": 1000, "kb": 1 << 10, "m": 1000 * 1000, "mb": 1 << 20,
	"g": 1000 * 1000 * 1000, "gb": 1 << 30,
}

// ParseMemory parses an amount of memory such as "100mb", in bytes. No digits
// at all are 0, as in Redis; more than fits in 64 bits is the most that does.
func ParseMemory(value string) (int64, bool) {
	digits := 0
	for digits < len(value) && '0' <= value[digits] && value[digits] <= '9' {
		digits++
	}
	factor, ok := memoryUnits[strings.ToLower(value[digits:])]
	if !ok {
		return 0, false
	}
	if digits == 0 {
		return 0, value == ""
	}
	n, err := strconv.ParseUint(value[:digits], 10, 64)
	if err != nil || n > maxLong/factor {
		return maxLong, true
	}
	return int64(n * factor), true
}

func parseMemory(value string, low, high int64) (int64, error) {
	value, _, _ = strings.Cut(value, "\x00") // a C string
	n, ok := ParseMemory(value)
	switch {
	case !ok:
		return 0, errMemory
	case n < low || n > high:
		return 0, outside(low, high)
	}
	return n, nil
}

// formatMemory is the shortest exact form that REWRITE uses.
func formatMemory(n int64) string {
	for _, unit := range []string{"gb", "mb", "kb"} {
		if factor := int64(memoryUnits[unit]); n != 0 && n%factor == 0 {
			return strconv.FormatInt(n/factor, 10) + unit
		}
	}
	return strconv.FormatInt(n, 10)
}

func memory[T int | int64](name, value string, low, high int64, field func(c *Config) *T) Parameter {
	p := integer(name, value, low, high, field)
	p.memory = true
	p.set = one(func(c *Config, value string) error {
		n, err := parseMemory(value, low, high)
		if err == nil {
			*field(c) = T(n)
		}
		return err
	})
	return p
}

func keptMemory(name, value string, low, high int64) Parameter {
	p := keep(name, value, func(value string) (string, error) {
		n, err := parseMemory(value, low, high)
		return strconv.FormatInt(n, 10), err
	})
	p.memory = true
	return p
}

// percentParameter is an amount of memory, or "n%", which is kept as -n.
func percentParameter(name, value string, field func(c *Config) *int64) Parameter {
	return Parameter{
		Name: name, Default: value, memory: true,
		get: func(c *Config) string {
			if n := *field(c); n < 0 {
				return strconv.FormatInt(-n, 10) + "%"
			}
			return strconv.FormatInt(*field(c), 10)
		},
		set: one(func(c *Config, value string) error {
			if digits, ok := strings.CutSuffix(value, "%"); ok {
				n, err := strconv.ParseUint(digits, 10, 32)
				switch {
				case err != nil:
					return errPercent
				case n > 100:
					return reason("percentage argument must be less or equal to 100")
				}
				*field(c) = -int64(n)
				return nil
			}
			n, ok := ParseMemory(value)
			if !ok {
				return errPercent
			}
			*field(c) = n
			return nil
		}),
	}
}

func text(name, value string, field func(c *Config) *string) Parameter {
	return Parameter{
		Name: name, Default: value, quoted: true,
		get: func(c *Config) string { return *field(c) },
		set: one(func(c *Config, value string) error {
			*field(c) = value
			return nil
		}),
	}
}

func keptText(name, value string) Parameter {
	p := keep(name, value, func(value string) (string, error) { return value, nil })
	p.quoted = true
	return p
}

// keptList is words that are not looked at.
func keptList(name, value string) Parameter {
	return Parameter{
		Name: name, Default: value, NoEffect: true, Several: true,
		get: func(c *Config) string { return c.kept[name] },
		set: func(c *Config, words []string) error {
			c.kept[name] = strings.Join(words, " ")
			return nil
		},
	}
}

func oneOf(choices []string) error {
	return reason("argument(s) must be one of the following: " + strings.Join(choices, ", "))
}

func choose(choices []string, value string) (int, error) {
	i := slices.IndexFunc(choices, func(choice string) bool { return strings.EqualFold(choice, value) })
	if i < 0 {
		return 0, oneOf(choices)
	}
	return i, nil
}

func choice(name, value string, field func(c *Config) *string, choices ...string) Parameter {
	return Parameter{
		Name: name, Default: value,
		get: func(c *Config) string { return *field(c) },
		set: one(func(c *Config, value string) error {
			i, err := choose(choices, value)
			if err == nil {
				*field(c) = choices[i]
			}
			return err
		}),
	}
}

func keptChoice(name, value string, choices ...string) Parameter {
	return keep(name, value, func(value string) (string, error) {
		i, err := choose(choices, value)
		return choices[i], err
	})
}

func alias(name, of string) Parameter { return Parameter{Name: name, AliasOf: of} }
