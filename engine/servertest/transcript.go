package servertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A transcript is a text file of commands and the replies to them:
//
//	# a comment
//	> SET k v
//	OK
//	b> LRANGE l 0 -1
//	1) "x"
//	2) "y"
//
// A name before ">" is another client. A blank line ends a reply. A new file
// begins with an empty server. A line "@ +1500ms" moves the clock. The reply
// "..." is that none comes yet; a line "b<" takes what has come for b since, a
// reply or a message, and "..." there says that nothing has. "@ b RESP3" makes b
// speak RESP3; the word $b is the id of b, which must have spoken before.

// Step is one command of a transcript.
type Step struct {
	Line    int
	Client  string
	Command string
	Reply   string
	Advance int64 // milliseconds; then there is no command
	Listen  bool  // no command either: the next reply is looked at
	RESP3   bool  // nor here: the client says HELLO 3
}

// NoReply stands in a transcript where none has come.
const NoReply = "..."

// ParseTranscript splits a transcript; the error names the line.
func ParseTranscript(text string) ([]Step, error) {
	var steps []Step
	open := false
	for i, line := range strings.Split(text, "\n") {
		client, command, isCommand := strings.Cut(line, ">")
		isCommand = isCommand && !strings.ContainsAny(client, " \t\"()#")
		listener, listens := strings.CutSuffix(line, "<")
		listens = listens && !strings.ContainsAny(listener, " \t\"()#")
		switch {
		case listens:
			steps = append(steps, Step{Line: i + 1, Client: listener, Listen: true})
			open = true
		case isCommand && !(open && steps[len(steps)-1].Reply == "" && line == ""):
			steps = append(steps, Step{Line: i + 1, Client: client, Command: strings.TrimSpace(command)})
			open = true
		case strings.HasPrefix(line, "@ ") && strings.HasSuffix(line, " RESP3"):
			steps = append(steps, Step{Line: i + 1, Client: strings.Fields(line)[1], RESP3: true})
			open = false
		case strings.HasPrefix(line, "@ +"):
			var ms int64
			if _, err := fmt.Sscanf(line, "@ +%dms", &ms); err != nil {
				return nil, fmt.Errorf("line %d: %q is not '@ +<n>ms'", i+1, line)
			}
			steps = append(steps, Step{Line: i + 1, Advance: ms})
			open = false
		case line == "":
			open = false
		case open:
			s := &steps[len(steps)-1]
			if s.Reply != "" {
				s.Reply += "\n"
			}
			s.Reply += line
		case strings.HasPrefix(line, "#"):
		default:
			return nil, fmt.Errorf("line %d: a reply without a command: %q", i+1, line)
		}
	}
	return steps, nil
}

// WithIDs puts the ids of clients in the place of $name.
func WithIDs(line string, id func(name string) string) string {
	words := strings.Split(line, " ")
	for i, word := range words {
		if name, is := strings.CutPrefix(word, "$"); is && name != "" && id(name) != "" {
			words[i] = id(name)
		}
	}
	return strings.Join(words, " ")
}

// RunTranscripts plays every file that matches a pattern, each on a server of
// its own.
func RunTranscripts(t *testing.T, pattern string, config ...string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts match %s (%v)", pattern, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			steps, err := ParseTranscript(string(text))
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			s := New(t, config...)
			clients := map[string]*Client{}
			for _, step := range steps {
				if step.Advance > 0 {
					s.Advance(step.Advance * 1000)
					continue
				}
				c := clients[step.Client]
				if c == nil {
					c = s.Client()
					clients[step.Client] = c
				}
				if step.RESP3 {
					c.Do("HELLO", "3")
					continue
				}
				if !step.Listen {
					c.SendLine(WithIDs(step.Command, func(name string) string {
						if other := clients[name]; other != nil {
							return strconv.FormatUint(other.ID, 10)
						}
						return ""
					}))
				}
				s.Settle()
				got := NoReply
				if v, ok := c.Reply(); ok {
					got = Format(v)
				}
				if got != step.Reply {
					t.Errorf("%s:%d: %s\ngot:\n%s\nwant:\n%s", file, step.Line, step.Command, got, step.Reply)
				}
			}
		})
	}
}
