package server

import (
	"everysec/engine/command"
	"everysec/engine/crashreport"
)

// runDebugCrashReport tells what became of the writes of the server before this
// one. Times are Unix times in milliseconds, null where there is none.
func runDebugCrashReport(c *command.Context) {
	count, wanted := int64(10), [...]bool{crashreport.Lost: true, crashreport.Survived: true, crashreport.Unknown: true}
	for args := c.Args[2:]; len(args) > 0; {
		switch {
		case command.Is(args[0], "COUNT") && len(args) > 1:
			var ok bool
			if count, ok = c.IntFrom(args[1], -1, "ERR count should be greater than or equal to -1"); !ok {
				return
			}
			args = args[2:]
			continue
		case command.Is(args[0], "LOST"):
			wanted = [...]bool{crashreport.Lost: true, crashreport.Unknown: false}
		case command.Is(args[0], "SURVIVED"):
			wanted = [...]bool{crashreport.Survived: true, crashreport.Unknown: false}
		default:
			c.Reply.Error(command.ErrSyntax)
			return
		}
		args = args[1:]
	}
	r := c.Server.CrashReport()
	if r == nil {
		c.Reply.Error(command.ErrLoading)
		return
	}
	w := c.Reply
	text := func(name, value string) {
		w.BulkString(name)
		w.BulkString(value)
	}
	number := func(name string, value int64) {
		w.BulkString(name)
		w.Int(value)
	}
	time := func(name string, microseconds int64) {
		if w.BulkString(name); microseconds == 0 {
			w.Null()
		} else {
			w.Int(microseconds / 1000)
		}
	}
	files := func() {
		w.BulkString("files")
		w.Array(len(r.Recovery.Files))
		for _, f := range r.Recovery.Files {
			w.Map(3)
			text("name", f.Name)
			number("bytes-found", f.Size)
			number("bytes-read", f.Valid)
		}
	}
	if r.Crash == nil {
		w.Map(4)
		text("crash", "unknown")
		text("note", "the process before this one, if there was one, took what it knew with it: this is only what was read")
		time("recovered-at", r.Recovery.At)
		files()
		return
	}
	var list []command.CrashWrite
	for write := range command.CrashWrites(c.Server.Table(), r) {
		if count >= 0 && int64(len(list)) >= count {
			break
		}
		if wanted[write.Fate] {
			list = append(list, write)
		}
	}
	t := &r.Totals
	w.Map(12)
	text("crash", r.Crash.Kind)
	time("crashed-at", r.Crash.At)
	time("recovered-at", r.Recovery.At)
	number("acknowledged", t.Acknowledged)
	number("survived", t.Survived)
	number("survived-unsynced", t.Unsynced)
	number("lost", t.Lost)
	number("unknown", t.Unknown)
	number("unacknowledged", t.Unacknowledged)
	number("summarised", t.Summarised)
	files()
	w.BulkString("writes")
	w.Array(len(list))
	for _, write := range list {
		w.Map(14)
		number("change", int64(write.Change))
		time("time", write.At)
		number("client", int64(write.Client))
		number("db", int64(write.DB))
		text("command", write.Text)
		w.BulkString("keys")
		w.Array(len(write.Keys))
		for _, key := range write.Keys {
			w.Bulk(key)
		}
		w.BulkString("acknowledged")
		w.Bool(write.Acknowledged)
		text("fate", write.Fate.String())
		text("reason", write.Reason)
		text("file", write.File)
		number("offset", write.Offset)
		number("bytes", write.Size)
		time("synced-at", write.SyncedAt)
		number("later", int64(write.Later))
	}
}
