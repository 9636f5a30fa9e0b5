package host

import (
	rows "everysec/engine/command"
	"everysec/lessons/shell"
	"everysec/wasm/bridge"
)

// shell runs a program on the files. Its code is fetched when it is first wanted.
func (h *Host) shell(f *bridge.Fields) (result bridge.Record) {
	say := func(text, question string, code int) bridge.Record {
		return bridge.Record(nil).String(text).String(question).Int(int64(code))
	}
	var words, answers []string
	for n := f.Int(); n > 0 && f.More(); n-- {
		words = append(words, f.String())
	}
	for n := f.Int(); n > 0 && f.More(); n-- {
		answers = append(answers, f.String())
	}
	switch {
	case f.Err() != nil || len(words) == 0:
		return say("nothing to run\n", "", 1)
	case h.engine != nil:
		return say(words[0]+": the server runs and writes these files: stop it first\n", "", 1)
	}
	defer func() {
		if absent := recover(); absent == any(rows.ErrAbsent) {
			result = say(words[0]+": its code could not be fetched\n", "", 1)
		} else if absent != nil {
			panic(absent)
		}
	}()
	r := shell.Run(h.disk, words, answers, h.now()/1000)
	if r.Question == "" {
		h.disk.SyncAll() // as the shell's user would see to
	}
	return say(r.Text, r.Question, r.Code)
}
