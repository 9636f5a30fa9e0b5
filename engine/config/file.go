package config

import (
	"strings"

	"everysec/engine/phrase"
	"everysec/engine/resp"
)

// redis.conf and the command line.

// FileError is a line of the configuration that cannot be accepted.
type FileError struct {
	File   string
	Line   int // from 1
	Text   string
	Reason string
}

func (e *FileError) Error() string {
	return phrase.Sprintf("reading %s, line %d: '%s': %s", e.File, e.Line, e.Text, e.Reason)
}

// refused are directives that redis-server has and that cannot be obeyed here.
var refused = map[string]string{
	"include":        "include is not supported: put the lines into this file",
	"loadmodule":     "loadmodule is not supported: there are no modules",
	"rename-command": "rename-command is not supported",
	"sentinel":       "sentinel directives are not supported",
}

// Parse reads the text of a redis.conf. The error is a *FileError. Lines
// before a bad one have taken effect.
func (c *Config) Parse(file, content string) error {
	c.File = file
	for i, line := range strings.Split(content, "\n") {
		c.line = FileError{File: file, Line: i + 1, Text: strings.Trim(line, " \t\r\n")}
		line = strings.Trim(line, " \t\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		words, ok := splitLine(line)
		var err error = reason("Unbalanced quotes in configuration line")
		if ok {
			if len(words) == 0 {
				continue
			}
			err = c.Directive(words[0], words[1:]...)
		}
		if err != nil {
			return &FileError{file, i + 1, line, err.Error()}
		}
	}
	return nil
}

func splitLine(line string) ([]string, bool) {
	parts, ok := resp.SplitArgs([]byte(line))
	words := make([]string, len(parts))
	for i, part := range parts {
		words[i] = string(part)
	}
	return words, ok
}

// Directive sets a parameter as the file and the command line may, at the
// start. The first "save" replaces the default save points, the following ones
// add to it, and an empty one takes all away.
func (c *Config) Directive(name string, words ...string) error {
	name = strings.ToLower(name)
	if why := refused[name]; why != "" {
		return reason(why)
	}
	if name == "user" && len(words) > 0 {
		c.Users = append(c.Users, User{words, c.line})
		return nil
	}
	p, ok := Lookup(name)
	if !ok {
		return reason("Bad directive or wrong number of arguments")
	}
	if len(words) == 0 && name == "save" {
		words = []string{""} // "--save" with nothing behind it, as in Redis
	}
	if len(words) == 0 || len(words) > 1 && !p.Several {
		return errWordCount
	}
	if len(words) == 1 {
		words = p.words(words[0])
	}
	if name != "save" {
		return p.set(c, words)
	}
	points, err := parseSavePoints(words)
	if err != nil {
		return err
	}
	if !c.saveGiven || len(points) == 0 {
		c.SavePoints = nil
	}
	c.saveGiven = true
	c.SavePoints = append(c.SavePoints, points...)
	return nil
}

// Option is one directive of the command line.
type Option struct {
	Name  string
	Words []string
}

// CommandLine splits the arguments of redis-server: the name of a
// configuration file unless the first one begins with a dash, then
// "--directive value..." any number of times.
func CommandLine(args []string) (file string, options []Option, err error) {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		file, args = args[0], args[1:]
	}
	for _, arg := range args {
		if name, ok := strings.CutPrefix(arg, "--"); ok {
			options = append(options, Option{Name: name})
			continue
		}
		if len(options) == 0 {
			return "", nil, phrase.Errorf("argument '%s': a directive begins with --", arg)
		}
		last := &options[len(options)-1]
		last.Words = append(last.Words, arg)
	}
	return file, options, nil
}

// Apply sets the options of a command line.
func (c *Config) Apply(options []Option) error {
	for _, o := range options {
		if err := c.Directive(o.Name, o.Words...); err != nil {
			return phrase.Errorf("option --%s %s: %w", o.Name, strings.Join(o.Words, " "), err)
		}
	}
	return nil
}
