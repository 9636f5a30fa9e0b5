package console

import (
	"bytes"
	"strconv"
	"strings"

	"everysec/engine/command"
	"everysec/web/words"
)

// What is still missing of a command, as redis-cli tells it since 7.2: the words
// that were typed are followed through the syntax, and the hint is what may come
// after them, what has to come next first. 7.0 shows all options until the end.

// Hint is what to show in grey behind the line: the arguments that are still
// missing, and what a parameter of the configuration is now. It begins with a
// space where the line does not end with one.
func (c *Commands) Hint(line string) string {
	if c == nil {
		return ""
	}
	args, ok := Split(line)
	if !ok || len(args) == 0 {
		return ""
	}
	if _, prefixed, valid := repeatPrefix(args); prefixed && valid {
		args = args[1:]
	}
	args = nestedCommand(args)
	best := c.find(args)
	if best == nil {
		return ""
	}
	typed := args[len(best.words):]
	ended := isSpace(line[len(line)-1])
	hint, fits := missing(best.spec.Arguments, typed)
	if !fits && !ended && len(typed) > 0 { // the last word may be half of an option
		hint, fits = missing(best.spec.Arguments, typed[:len(typed)-1])
	}
	if !fits {
		hint = behind(best.params, len(typed))
	}
	if !ended {
		hint = " " + hint
	}
	if p := c.setting(best, args); p != nil && !p.secret() && !(ended && len(args)%2 == 0) {
		hint += "  " + words.Say("(now {value})", bare(p.value))
	}
	return hint
}

// behind is the rule of 7.0, for words that the syntax does not know: each takes
// one word of the syntax, up to its first option.
func behind(params string, words int) string {
	for words > 0 && params != "" && params[0] != '[' {
		if params[0] == ' ' {
			words--
		}
		params = params[1:]
	}
	return params
}

// missing is what may follow the words; false: they do not fit.
func missing(list []command.Argument, words [][]byte) (string, bool) {
	used, left, _ := follow(list, words)
	return left, used == len(words)
}

// follow matches words with arguments in their order, and those that are
// optional and stand together in any order. used is how many of the words it
// took, left what may come after them. It is whole if nothing has to.
func follow(list []command.Argument, words [][]byte) (used int, left string, whole bool) {
	var parts []string
	whole = true
	for i := 0; i < len(list); {
		j := i
		for j < len(list) && list[j].Optional {
			j++
		}
		if i == j {
			n, rest, all := match(&list[i], words[used:])
			if n == 0 && used < len(words) || !all && used+n < len(words) {
				return used, strings.Join(parts, " "), false
			}
			if n > 0 {
				parts = nil // what could have come before it cannot any more
			}
			used, whole = used+n, whole && all
			parts = add(parts, rest)
			i++
			continue
		}
		rests := make([]string, j-i)
		taken := make([]bool, j-i)
		last := -1
		for again := true; again && used < len(words); {
			again = false
			for k := range rests {
				if taken[k] {
					continue
				}
				n, rest, all := match(&list[i+k], words[used:])
				if n == 0 || !all && used+n < len(words) {
					continue
				}
				parts, again, taken[k] = nil, true, true
				used, last, rests[k], whole = used+n, k, rest, whole && all
				break
			}
		}
		if last >= 0 { // what goes on with the last word
			parts = add(parts, rests[last])
		}
		for k := range rests {
			switch {
			case !taken[k]:
				parts = add(parts, argument(&list[i+k]))
			case k != last:
				parts = add(parts, rests[k])
			}
		}
		i = j
	}
	return used, strings.Join(parts, " "), whole
}

func add(parts []string, part string) []string {
	if part == "" {
		return parts
	}
	return append(parts, part)
}

// match matches words with one argument, as often as it may stand.
func match(a *command.Argument, words [][]byte) (used int, left string, whole bool) {
	used, left, whole = once(a, words, a.Token != "")
	if used == 0 {
		return 0, argument(a), false
	}
	if !a.Multiple {
		return used, left, whole
	}
	for whole && used < len(words) {
		n, rest, all := once(a, words[used:], a.MultipleToken)
		if n == 0 || !all && used+n < len(words) {
			break
		}
		used, left, whole = used+n, rest, all
	}
	again := *a
	again.Optional, again.Multiple = true, false
	if !a.MultipleToken {
		again.Token = ""
	}
	more := argument(&again)
	return used, strings.Join(add(add(nil, left), more[:len(more)-1]+" ...]"), " "), whole
}

// once matches words with one argument that stands once.
func once(a *command.Argument, words [][]byte, token bool) (used int, left string, whole bool) {
	if len(words) == 0 {
		return 0, "", false
	}
	if token || a.Type == command.ArgPureToken {
		if !bytes.EqualFold(words[0], []byte(a.Token)) {
			return 0, "", false
		}
		if a.Type == command.ArgPureToken {
			return 1, "", true
		}
		used, words = 1, words[1:]
	}
	switch a.Type {
	case command.ArgOneOf:
		for i := range a.Arguments {
			if n, left, whole := match(&a.Arguments[i], words); n > 0 && (whole || n == len(words)) {
				return used + n, left, whole
			}
		}
	case command.ArgBlock:
		if n, left, whole := follow(a.Arguments, words); n > 0 && (whole || n == len(words)) {
			return used + n, left, whole
		}
	default:
		if len(words) > 0 && takes(a.Type, words[0]) {
			return used + 1, "", true
		}
	}
	body := *a
	body.Token, body.Optional, body.Multiple = "", false, false
	return used, argument(&body), false
}

// takes tells whether a word can be a value of a type.
func takes(typ command.ArgumentType, word []byte) bool {
	var err error
	switch typ {
	case command.ArgInteger, command.ArgUnixTime:
		_, err = strconv.ParseInt(string(word), 10, 64)
	case command.ArgDouble:
		_, err = strconv.ParseFloat(string(word), 64)
	}
	return err == nil
}
