package console

import (
	"strings"

	"everysec/engine/ds/order"
)

// Where no server runs, a line may be for a shell: redis-cli cannot reach
// anybody, and what is left to do is to look at the files.

// ShellPrompt stands before a line that is for a shell.
const ShellPrompt = "$ "

// Shell is what runs such lines.
type Shell struct {
	Commands [][2]string // names, and what is to stand behind each
	// Down tells whether no server runs, and Refused whether that is because it
	// would not start: then the prompt is a shell's.
	Down, Refused func() bool
	// Run runs words with the answers so far, and calls Console.Ran when it has.
	Run   func(words, answers []string, run int)
	Files func() []string // names of all files, for Tab
}

// tool is a shell command that is under way.
type tool struct {
	words    []string // nil: none
	answers  []string
	question string // that waits for an answer
	run      int    // counts runs; what an earlier one says is too late
}

// shell are the words of a line that is for the shell, nil if it is not.
func (c *Console) shell(args [][]byte) []string {
	if c.Shell == nil || c.connected || !c.Shell.Down() || len(args) == 0 {
		return nil
	}
	for _, command := range c.Shell.Commands {
		if command[0] == string(args[0]) {
			words := make([]string, len(args))
			for i, a := range args {
				words[i] = string(a)
			}
			return words
		}
	}
	return nil
}

func (c *Console) runTool(words, answers []string) {
	c.tool = tool{words: words, answers: answers, run: c.tool.run + 1}
	if c.Now != nil {
		c.sentAt = c.Now()
	}
	c.Shell.Run(words, answers, c.tool.run)
}

// Ran is what a run of Shell.Run has said since the last answer, and its
// question; "": it has ended.
func (c *Console) Ran(run int, text, question string) {
	if c.tool.words == nil || c.tool.run != run {
		return
	}
	if text != "" {
		c.show(Reply, text)
	}
	if question == "" {
		c.tool.words = nil
		c.finished++
		c.next()
		return
	}
	c.tool.question = question
	if len(c.ahead) > 0 {
		answer := c.ahead[0]
		c.ahead = c.ahead[1:]
		c.answer(answer)
	}
}

func (c *Console) answer(line string) {
	c.blocks = append(c.blocks, Block{Kind: Answered, Prompt: c.tool.question, Text: line})
	c.runTool(c.tool.words, append(c.tool.answers, line))
}

// Asking tells whether a shell command waits for an answer.
func (c *Console) Asking() bool { return c.tool.question != "" }

// shellHint is what is still to be typed behind a shell command.
func (c *Console) shellHint(line string) string {
	word, _, more := strings.Cut(line, " ")
	if words := c.shell([][]byte{[]byte(word)}); words != nil && !more {
		for _, command := range c.Shell.Commands {
			if command[0] == word {
				return " " + command[1]
			}
		}
	}
	return ""
}

// completeShell offers shell commands, and behind one the names of files.
func (c *Console) completeShell(line string) (out []Offer, is bool) {
	words, start, word, ok := lastWord(line)
	if c.Shell == nil || c.connected || !ok || !c.Shell.Down() {
		return nil, false
	}
	if len(words) == 0 {
		for _, command := range c.Shell.Commands {
			if word != "" && strings.HasPrefix(command[0], word) {
				out = offer(out, line[:start], command[0])
			}
		}
		return out, len(out) > 0
	}
	if c.shell(words[:1]) == nil {
		return nil, false
	}
	if strings.HasPrefix("--fix", word) && word != "" && string(words[0]) == "redis-check-aof" {
		out = offer(out, line[:start], "--fix")
	}
	seen, names := map[string]bool{}, c.Shell.Files()
	order.Ascending(names)
	for _, name := range names {
		// One directory at a time, as a shell does.
		if dir := strings.IndexByte(name[min(len(word), len(name)):], '/'); dir >= 0 && strings.HasPrefix(name, word) {
			if name = name[:len(word)+dir+1]; name == word {
				continue
			}
		}
		if strings.HasPrefix(name, word) && !seen[name] {
			seen[name] = true
			out = offer(out, line[:start], name)
		}
	}
	return out, true
}
