// Package breaks is a list of mistakes that one could make in the engine, each
// as a change of its source. The simulation must catch every one of them: that is
// how we know that it looks. The engine itself has no switch for any of this; a
// build with an overlay has the mistake in it (go run ./engine/cmd/sim -breaks).
package breaks

import (
	"errors"
	"strings"
)

// Break is one mistake.
type Break struct {
	Name     string
	File     string // from the root of the repository
	Old, New string // Old stands in the file exactly once
}

// Apply makes the mistake in the text of the file.
func (b *Break) Apply(source string) (string, error) {
	if n := strings.Count(source, b.Old); n != 1 {
		return "", errors.New(b.Name + ": " + b.File + " does not hold once: " + b.Old)
	}
	return strings.Replace(source, b.Old, b.New, 1), nil
}

const (
	aofGo      = "engine/server/aof.go"
	loadingGo  = "engine/server/loading.go"
	rewriteGo  = "engine/server/rewrite.go"
	snapshotGo = "engine/server/snapshot.go"
	unitGo     = "engine/server/propagation.go"
)

// All are the mistakes.
var All = []Break{
	{
		"always: the reply leaves before the fsync", aofGo,
		"	case config.SyncAlways:\n\t\tif a.sync == nil {",
		"	case config.SyncAlways:\n\t\ts.releaseReplies()\n\t\tif a.sync == nil {",
	},
	{
		"the reply leaves before the write", "engine/server/server.go",
		"	s.flushAppendOnly()\n\tif s.hold == nil {",
		"	s.releaseReplies()\n\ts.flushAppendOnly()\n\tif s.hold == nil {",
	},
	{
		"everysec never syncs", aofGo,
		"		if a.sync == nil && s.now-a.lastSync >= 1000000 {",
		"		if false {",
	},
	{
		"a failed fsync counts as success", aofGo,
		"	case err == nil:\n\t\ts.synced()",
		"	case s.running:\n\t\ts.synced()",
	},
	{
		"more counts as synced than was written when the sync began", aofGo,
		"max(a.synced, a.syncTarget)",
		"max(a.synced, a.last)",
	},
	{
		"a short write is not cut back", aofGo,
		"	if n > 0 {\n\t\tif cut :=",
		"	if n < 0 {\n\t\tif cut :=",
	},
	{
		"a write that failed is forgotten", aofGo,
		"	a.writeFailed, a.lastWriteError = true, err\n\tif",
		"	a.buffer.reset()\n\tif",
	},
	{
		"the name of a new increment is not synced before the manifest that uses it", rewriteGo,
		"	s.holdFor(s.fs.SyncDir(s.config.AppendDirName), func(err error) {\n\t\tif err != nil {\n\t\t\tfail(err)",
		"	s.holdFor(vfs.Finished(nil), func(err error) {\n\t\tif err != nil {\n\t\t\tfail(err)",
	},
	{
		"the name of the new directory is not synced", rewriteGo,
		"	if a.newDirectory {",
		"	if false {",
	},
	{
		"the manifest gets its name before it is synced", rewriteGo,
		"	wait(f.Sync(), func(err error) {",
		"	wait(vfs.Finished(nil), func(err error) {",
	},
	{
		"the directory is not synced after the manifest got its name", rewriteGo,
		"		wait(s.fs.SyncDir(s.config.AppendDirName), func(err error) {",
		"		wait(vfs.Finished(nil), func(err error) {",
	},
	{
		"history is removed before the manifest is on disk", rewriteGo,
		"		j.manifest = &m\n",
		"		j.manifest = &m\n\t\tfor _, old := range m.History {\n\t\t\ts.fs.Remove(s.appendPath(old.Name))\n\t\t}\n",
	},
	{
		"a rewrite drops what was written while it ran", rewriteGo,
		"		m.RetireIncr(1)",
		"		m.RetireIncr(0)",
	},
	{
		"a new increment does not begin with SELECT", rewriteGo,
		"	s.aof.selected = -1\n",
		"",
	},
	{
		"a file left by a crash is appended to", rewriteGo,
		"	if err := s.fs.Remove(name); err != nil && !errors.Is(err, vfs.ErrNotExist) {\n\t\treturn nil, err\n\t}\n",
		"",
	},
	{
		"a transaction is not framed by MULTI and EXEC", unitGo,
		"	framed := len(u.parts) > 1",
		"	framed := len(u.parts) > 1<<20",
	},
	{
		"an expiry is not propagated", unitGo,
		"	s.Propagate(db.ID, [][]byte{[]byte(name), key})",
		"	_ = name",
	},
	{
		"a snapshot gets its name before it is synced", snapshotGo,
		"	j.wait(j.file.Sync(), func(err error) {",
		"	j.wait(vfs.Finished(nil), func(err error) {",
	},
	{
		"a snapshot counts before its name is synced", snapshotGo,
		"	j.wait(s.fs.SyncDir(\".\"), func(err error) {",
		"	j.wait(vfs.Finished(nil), func(err error) {",
	},
	{
		"SAVE does not sync", snapshotGo,
		"	s.holdFor(f.Sync(), func(err error) {",
		"	s.holdFor(vfs.Finished(nil), func(err error) {",
	},
	{
		"a snapshot does not take the old value before a change", "engine/server/walk.go",
		"	if table < 0 || !s.space.Unsaved(node) {",
		"	if table > -9 || !s.space.Unsaved(node) {",
	},
	{
		"a torn tail is not cut off", loadingGo,
		"	if err := file.Truncate(valid); err != nil {",
		"	if err := error(nil); err != nil {",
	},
	{
		"a tail is cut behind the MULTI that was not ended", loadingGo,
		"				return l.aof.Offset() - from, s.truncatedTail(l, l.multiAt,",
		"				return l.aof.Offset() - from, s.truncatedTail(l, l.aof.Offset(),",
	},
	{
		"what was read at the start is not synced", loadingGo,
		"		s.syncLoaded,\n",
		"",
	},
}
