package lessons

import (
	"strconv"
	"strings"
)

// ParseLines reads the lines of a transcript, a setup or a solution. at is the
// line number of the first one in its file.
//
//	worker-A> SET k v      typed at the console worker-A
//	> SET k v              typed at the default console
//	OK                     what redis-cli prints, up to the next command,
//	                       action or blank line; none at all: anything goes
//	!crash kill-9          an action of the host
//	$ ls appendonlydir     typed at a shell, because no server runs
//	# text                 a remark for whoever reads the file
func ParseLines(src string, at int) ([]Line, error) {
	var lines []Line
	reply := false // whether the next line may belong to a reply
	for i, text := range split(src) {
		n := at + i
		if strings.TrimSpace(text) == "" {
			reply = false
			continue
		}
		if console, command, ok := prompt(text); ok {
			if command == "" {
				return nil, &Error{Line: n, Text: "a prompt without a command"}
			}
			lines = append(lines, Line{At: n, Console: console, Command: command})
			reply = true
			continue
		}
		if command, ok := strings.CutPrefix(text, ShellPrompt); ok {
			command = strings.TrimSpace(command)
			word, _, _ := strings.Cut(command, " ")
			if !isShellCommand(word) {
				return nil, &Error{Line: n, Text: "the shell does not know " + strconv.Quote(word)}
			}
			lines = append(lines, Line{At: n, Command: command, Shell: true})
			reply = true
			continue
		}
		if strings.HasPrefix(text, "!") {
			a, err := ParseAction(text)
			if err != nil {
				return nil, &Error{Line: n, Text: err.Error()}
			}
			lines = append(lines, Line{At: n, Action: a})
			reply = a.Refused
			continue
		}
		if !reply {
			if strings.HasPrefix(text, "#") {
				continue
			}
			return nil, &Error{Line: n, Text: "neither a command (\"console> ...\", \"$ ...\"), nor an action (\"!...\"), nor a reply: " + strconv.Quote(text)}
		}
		last := &lines[len(lines)-1]
		last.Expect = append(last.Expect, strings.TrimRight(text, " \t"))
	}
	return lines, nil
}

// isShellCommand tells whether a lesson may type it; a server is started by
// "!restart".
func isShellCommand(word string) bool {
	for _, c := range ShellCommands {
		if c[0] == word {
			return word != "redis-server"
		}
	}
	return false
}

// prompt splits "worker-A> GET k". A console's name is a letter followed by
// letters, digits, '-' and '_'.
func prompt(text string) (console, command string, ok bool) {
	name, rest, found := strings.Cut(text, ">")
	if !found || rest != "" && rest[0] != ' ' {
		return "", "", false
	}
	if name != "" && !isName(name) {
		return "", "", false
	}
	return name, strings.TrimSpace(rest), true
}

func isName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c != '-' && c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

func split(src string) []string {
	return strings.Split(strings.ReplaceAll(src, "\r\n", "\n"), "\n")
}

func itoa(n int) string { return strconv.Itoa(n) }
