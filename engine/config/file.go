package config

import (
	"errors"
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
	"loadmodule": "loadmodule is not supported: there are no modules",
	"sentinel":   "sentinel directives are not supported",
}

// Parse reads the text of a redis.conf. The error is a *FileError. Lines
// before a bad one have taken effect.
func (c *Config) Parse(file, content string) error {
	c.File = file
	return c.parse(file, content, 0)
}

// maxIncludes is how deep files may include each other.
const maxIncludes = 16

func (c *Config) parse(file, content string, depth int) error {
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
			if strings.EqualFold(words[0], "include") {
				err = c.include(words[1:], depth+1)
			} else {
				err = c.Directive(words[0], words[1:]...)
			}
		}
		var inner *FileError
		if errors.As(err, &inner) {
			return inner // of an included file
		}
		if err != nil {
			return &FileError{file, i + 1, line, err.Error()}
		}
	}
	return nil
}

// include reads the files that a pattern names, in the order of their names. A
// name without wildcards must be there.
func (c *Config) include(words []string, depth int) error {
	switch {
	case len(words) != 1:
		return reason("Bad directive or wrong number of arguments")
	case c.Includes == nil || depth > maxIncludes:
		return reason("include is not possible here")
	}
	files, err := c.Includes(words[0])
	if err != nil {
		return err
	}
	if len(files) == 0 && !strings.ContainsAny(words[0], "*?[") {
		return phrase.Errorf("can't open config file '%s'", words[0])
	}
	for _, f := range files {
		if err := c.parse(f.Name, string(f.Text), depth); err != nil {
			return err
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
	if name == "rename-command" && len(words) == 2 {
		c.Renames = append(c.Renames, Rename{words[0], words[1], c.line})
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
	for i, o := range options {
		c.line = FileError{File: "the command line", Line: i + 1, Text: "--" + o.Name + " " + strings.Join(o.Words, " ")}
		if err := c.Directive(o.Name, o.Words...); err != nil {
			return phrase.Errorf("option --%s %s: %w", o.Name, strings.Join(o.Words, " "), err)
		}
	}
	return nil
}
