// Package shell is what can be typed where no server runs: the check tools, and a
// few words of a Unix shell to look at the server's files, copy them, hurt them
// and mend them.
//
// The idea: whoever repairs a server does not talk to it but to its files. A run
// is a function of the disk, the words and the answers so far. A tool that asks
// is run again when there is an answer, so nothing has to be kept meanwhile.
package shell

import (
	"errors"
	"path"
	"strconv"
	"strings"

	"everysec/engine/checktool"
	"everysec/engine/glob"
	"everysec/engine/phrase"
	"everysec/engine/vfs"
)

// Result is what a run says.
type Result struct {
	Text     string // since the last answer; whole lines
	Question string // that waits for an answer; "": it has ended
	Code     int
}

// Run runs words on a server's disk. now is Unix milliseconds.
func Run(disk vfs.FS, words, answers []string, now int64) Result {
	s := &session{disk: disk, answers: answers, now: now}
	err := s.run(words)
	if err != nil {
		s.said += words[0] + ": " + err.Error() + "\n"
		s.code = 1
	}
	return Result{Text: s.said, Question: s.question, Code: s.code}
}

type session struct {
	disk     vfs.FS
	answers  []string
	now      int64
	said     string
	question string
	code     int
}

func (s *session) run(words []string) error {
	args := s.expand(words[1:])
	switch words[0] {
	case checktool.AOF, checktool.RDB:
		return s.check(words[0], args)
	case "ls":
		return s.list(args)
	case "cp":
		return s.copy(args)
	case "truncate":
		return s.truncate(args)
	case "sed":
		return s.replace(args)
	}
	return errors.New("command not found")
}

// expand puts the names that fit in the place of a pattern, as a shell does.
func (s *session) expand(words []string) (args []string) {
	for _, word := range words {
		fits := []string(nil)
		if dir, pattern := path.Split(word); strings.Contains(pattern, "*") {
			infos, _ := s.disk.ReadDir(path.Clean("./" + dir)) // none: nothing fits
			for _, info := range infos {
				if glob.Match([]byte(pattern), []byte(info.Name), false) {
					fits = append(fits, dir+info.Name)
				}
			}
		}
		if fits == nil {
			fits = []string{word}
		}
		args = append(args, fits...)
	}
	return args
}

func (s *session) check(tool string, args []string) error {
	s.code = checktool.Run(checktool.Host{
		Open: func(name string) (vfs.FS, string, error) { return s.disk, path.Clean(name), nil },
		Now:  s.now,
		Say:  func(text string) { s.said += text },
		Ask: func(question string) (answer string, ok bool) {
			if len(s.answers) == 0 {
				s.question = question
				return "", false
			}
			answer, s.answers, s.said = s.answers[0], s.answers[1:], ""
			return answer, true
		},
		// Whoever runs it sees to it that the disk is synced behind it.
		Wait: func(vfs.Ticket) error { return nil },
	}, tool, args)
	return nil
}

// list is ls: names, one a line.
func (s *session) list(args []string) error {
	if len(args) == 0 {
		args = []string{"."}
	}
	for _, name := range args {
		if strings.HasPrefix(name, "-") {
			return errors.New("here it takes names, and no options")
		}
		info, err := s.stat("cannot access ", "'"+name+"'")
		if err != nil {
			return err
		}
		if !info.Dir {
			s.said += name + "\n"
			continue
		}
		infos, err := s.disk.ReadDir(path.Clean(name))
		if err != nil {
			return err
		}
		for _, info := range infos {
			s.said += info.Name + "\n"
		}
	}
	return nil
}

// stat looks for a file; what says in Unix's words what cannot be done without.
func (s *session) stat(what, name string) (vfs.Info, error) {
	info, err := s.disk.Stat(path.Clean(strings.Trim(name, "'")))
	if err != nil {
		return info, errors.New(what + name + ": No such file or directory")
	}
	return info, nil
}

// copy is cp, with -r also of directories.
func (s *session) copy(args []string) error {
	recursive := len(args) > 0 && (args[0] == "-r" || args[0] == "-a")
	if recursive {
		args = args[1:]
	}
	if len(args) != 2 || strings.HasPrefix(args[0], "-") {
		return errors.New("here it takes cp [-r] FROM TO")
	}
	info, err := s.stat("cannot stat ", "'"+args[0]+"'")
	if err != nil {
		return err
	}
	if info.Dir && !recursive {
		return errors.New("-r not specified; omitting directory '" + args[0] + "'")
	}
	from, to := path.Clean(args[0]), path.Clean(args[1])
	if at, err := s.disk.Stat(to); err == nil && at.Dir {
		to = path.Join(to, path.Base(from))
	}
	if to == from || strings.HasPrefix(to, from+"/") {
		return errors.New("cannot copy '" + args[0] + "' into itself")
	}
	return s.copyTo(from, to, info.Dir)
}

func (s *session) copyTo(from, to string, dir bool) error {
	if !dir {
		data, err := vfs.ReadFile(s.disk, from)
		if err != nil {
			return err
		}
		return s.write(to, data)
	}
	if err := s.disk.MakeDir(to); err != nil && !errors.Is(err, vfs.ErrExist) {
		return err
	}
	infos, err := s.disk.ReadDir(from)
	for _, info := range infos {
		if err == nil {
			err = s.copyTo(path.Join(from, info.Name), path.Join(to, info.Name), info.Dir)
		}
	}
	return err
}

func (s *session) write(name string, data []byte) error {
	f, err := s.disk.OpenFile(name, vfs.Write|vfs.Create|vfs.Truncate)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Close()
}

// truncate is truncate -s SIZE FILE, where -SIZE is less than there is.
func (s *session) truncate(args []string) error {
	if len(args) != 3 || args[0] != "-s" {
		return errors.New("here it takes truncate -s SIZE FILE, with -SIZE to cut so many bytes off")
	}
	size, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return errors.New("Invalid number: '" + args[1] + "'")
	}
	info, err := s.stat("cannot open ", "'"+args[2]+"'")
	if err != nil {
		return err
	}
	if args[1][0] == '-' || args[1][0] == '+' {
		size += info.Size
	}
	if size < 0 || size > max(info.Size, 1<<20) {
		return errors.New("a size from 0 to that of the file, not " + args[1])
	}
	f, err := s.disk.OpenFile(path.Clean(args[2]), vfs.Write)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Truncate(size)
}

// replace is sed -i s/OLD/NEW/ FILE, without regular expressions: the first OLD of
// each line becomes NEW.
func (s *session) replace(args []string) error {
	usage := errors.New("here it takes sed -i s/OLD/NEW/ FILE, with letters, digits, blanks and : _ - in OLD and NEW")
	if len(args) != 3 || args[0] != "-i" {
		return usage
	}
	parts := strings.Split(args[1], "/")
	if len(parts) != 4 || parts[0] != "s" || parts[1] == "" || parts[3] != "" || strings.Trim(strings.ToLower(parts[1]+parts[2]), "abcdefghijklmnopqrstuvwxyz0123456789 :_-") != "" {
		return usage
	}
	if _, err := s.stat("can't read ", args[2]); err != nil {
		return err
	}
	name := path.Clean(args[2])
	data, err := vfs.ReadFile(s.disk, name)
	if err != nil {
		return err
	}
	lines := strings.SplitAfter(string(data), "\n")
	for i, line := range lines {
		lines[i] = strings.Replace(line, parts[1], parts[2], 1)
	}
	changed := strings.Join(lines, "")
	if err := s.write(name, []byte(changed)); err != nil {
		return phrase.Errorf("%s: %w", name, err)
	}
	return nil
}
