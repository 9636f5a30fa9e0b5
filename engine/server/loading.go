package server

import (
	"bytes"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"

	"everysec/engine/aof"
	"everysec/engine/command"
	"everysec/engine/crashreport"
	"everysec/engine/event"
	"everysec/engine/object"
	"everysec/engine/phrase"
	"everysec/engine/rdb"
	"everysec/engine/resp"
	"everysec/engine/vfs"
)

// Recovery is the same code as a normal start: read dump.rdb, or the files
// that the append-only manifest names, in slices so that the host stays alive
// and the page can show how far it is.

type loading struct {
	files   []loadFile
	current int
	rdb     *rdb.Loader
	aof     *aof.Reader
	file    vfs.File

	begun, done, total int64
	fileBegun          int64
	empty              int64 // keys of the RDB file without elements, which are skipped
	usedMemory         int64 // bytes that its writer says it used
	fromAOF            bool
	starts             bool // the server is starting; else DEBUG asked
	merges             bool // what is there already is replaced
	client             *command.Client
	multiAt            int64 // offset of the MULTI being collected, -1 outside
	dbID               int
	then               func(err error)
}

type loadFile struct {
	name string
	kind fileKind
	last bool
	size int64
	id   uint64 // of its inode; 0: not known
	// found is the size before it was cut; where and how many writes the
	// crash report counts.
	found, countFrom, units int64
	damaged                 []vfs.Range
}

type fileKind uint8

const (
	rdbFile fileKind = iota
	aofFile          // commands, perhaps after an RDB preamble
)

// LoadError is why a server did not start.
type LoadError struct {
	Name   string
	Offset int64
	Reason string
	Log    string // what redis-server writes to its log then
}

func (e *LoadError) Error() string {
	return "load " + e.Name + " at offset " + strconv.FormatInt(e.Offset, 10) + ": " + e.Reason
}

// beginLoading finds out what there is to load at the start. The manifest is
// read even with appendonly no: CONFIG SET may ask for new files beside those
// it names.
func (s *Server) beginLoading() error {
	s.rdb.lastSave = s.now / 1000000
	if err := s.readManifest(); err != nil {
		return err
	}
	if s.config.AppendOnly {
		s.aof.enabled = true
		s.aof.selected = -1
		if s.singleFileWaits() {
			s.upgradeSingleFile(func(err error) {
				if err == nil {
					err = s.loadAppendOnly()
				}
				if err != nil {
					s.fatal(err)
				}
			})
			return nil
		}
		return s.loadAppendOnly()
	}
	info, err := s.fs.Stat(s.config.DBFilename)
	if errors.Is(err, vfs.ErrNotExist) {
		s.recovered(nil)
		s.announceReady()
		return nil
	}
	if err != nil {
		return err
	}
	s.load([]loadFile{{name: s.config.DBFilename, kind: rdbFile, last: true, size: info.Size, id: info.ID}}, func(err error) {
		if err != nil {
			s.fatal(err)
			return
		}
		s.rdb.savedAt, s.rdb.bytes = s.now, info.Size
		// After a kill -9 the name may be in the page cache only.
		s.holdFor(s.fs.SyncDir("."), func(err error) {
			if err != nil {
				s.logf(event.Warning, "Can't sync the data directory: ", err.Error())
				s.rdb.savedAt = 0 // nobody may say that it is on disk
			}
			s.announceReady()
		})
	})
	return nil
}

func (s *Server) announceReady() {
	s.started = true
	s.crash = nil // it has been reported, and the files are in use again
	s.logf(event.Notice, "Ready to accept connections")
}

// isSingleFile tells whether it is an append-only file as before 7.0.
func (s *Server) isSingleFile(name string) bool {
	return path.Base(name) == s.config.AppendFilename
}

// seconds is a duration in microseconds as the log has it.
func seconds(micros int64) string { return strconv.FormatFloat(float64(micros)/1e6, 'f', 3, 64) }

// fatal ends a server that cannot go on, with the reason in its log.
func (s *Server) fatal(err error) {
	s.failure = err
	for _, line := range redisWords(err) {
		s.logf(event.Warning, line)
	}
	s.logf(event.Warning, "Fatal error loading the DB: ", err.Error(), ". Exiting.")
	s.exit(1)
}

// redisWords is what redis-server writes to its log about files that it does not
// start with. The line that follows has what it leaves out: file and offset.
func redisWords(err error) []string {
	var load *LoadError
	var corrupt *aof.Corrupt
	var manifest *aof.ManifestError
	var snapshot *rdb.Error
	switch {
	case errors.As(err, &load) && load.Log != "":
		return []string{load.Log}
	case errors.As(err, &corrupt):
		return []string{"Bad file format reading the append only file " + path.Base(corrupt.Name) + ": make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>"}
	case errors.As(err, &manifest):
		return []string{
			"\n*** FATAL AOF MANIFEST FILE ERROR ***", "Reading the manifest file, at line " + strconv.Itoa(manifest.Line),
			">>> '" + manifest.Text + "'", manifest.RedisReason(),
		}
	case errors.As(err, &snapshot) && snapshot.Log != "":
		return []string{snapshot.Log}
	case errors.As(err, &snapshot):
		return []string{"Terminating server after rdb file reading failure."}
	}
	return nil
}

// Failure is why the server ended with a code other than 0; nil if unknown.
func (s *Server) Failure() error { return s.failure }

func (s *Server) readManifest() error {
	name := s.appendPath(s.manifestName())
	text, err := vfs.ReadFile(s.fs, name)
	if errors.Is(err, vfs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	s.aof.manifest, err = aof.ParseManifest(name, text)
	return err
}

// singleFileWaits tells whether there is an append-only file of before Redis 7
// that has to become the base: there is no manifest yet, or the one that an
// upgrade wrote before it was interrupted.
func (s *Server) singleFileWaits() bool {
	name := s.config.AppendFilename
	if info, err := s.fs.Stat(name); err != nil || info.Dir {
		return false
	}
	m := &s.aof.manifest
	switch {
	case len(m.Incr) > 0:
		return false
	case m.Base == nil:
		return true
	case m.Base.Name != name:
		return false
	}
	_, err := s.fs.Stat(s.appendPath(name))
	return errors.Is(err, vfs.ErrNotExist)
}

// upgradeSingleFile takes an append-only file of before Redis 7 as the base:
// first a manifest that names it, then the move into the directory. Between
// the two a start finds the file still outside and goes on here.
func (s *Server) upgradeSingleFile(then func(err error)) {
	name := s.config.AppendFilename
	if err := s.ensureAppendDir(); err != nil {
		then(err)
		return
	}
	m := aof.Manifest{Base: &aof.FileInfo{Name: name, Sequence: 1}, BaseSequence: 1}
	s.inTurn(then,
		s.syncDir("."), // the new directory
		func(done func(err error)) { s.writeManifest(m, s.holdFor, done) },
		func(done func(err error)) { done(s.fs.Rename(name, s.appendPath(name))) },
		s.syncDir(s.config.AppendDirName),
		s.syncDir("."),
		func(done func(err error)) {
			s.aof.manifest = m
			s.logf(event.Notice, "Successfully migrated an old-style AOF file (", name, ") into the AOF directory (", s.config.AppendDirName, ").")
			done(nil)
		},
	)
}

// inTurn does steps one after the other, each when the one before is on disk,
// up to the first error.
func (s *Server) inTurn(then func(err error), steps ...func(done func(err error))) {
	if len(steps) == 0 {
		then(nil)
		return
	}
	steps[0](func(err error) {
		if err != nil {
			then(err)
			return
		}
		s.inTurn(then, steps[1:]...)
	})
}

// syncDir is a step that makes the names in a directory durable.
func (s *Server) syncDir(name string) func(done func(err error)) {
	return func(done func(err error)) {
		s.holdFor(s.fs.SyncDir(name), func(err error) {
			if name == "." && err == nil {
				s.aof.newDirectory = false
			}
			done(err)
		})
	}
}

func (s *Server) loadAppendOnly() error {
	files, err := s.appendOnlyFiles()
	if err != nil {
		return err
	}
	s.load(files, s.appendOnlyLoaded)
	return nil
}

// appendOnlyFiles lists what the manifest names, in order of loading. The last
// file, which alone may be cut short, is the last one that holds anything.
func (s *Server) appendOnlyFiles() ([]loadFile, error) {
	m := &s.aof.manifest
	var files []loadFile
	if m.Base != nil {
		files = append(files, loadFile{name: m.Base.Name, kind: aofFile})
	}
	for _, incr := range m.Incr {
		files = append(files, loadFile{name: incr.Name, kind: aofFile})
	}
	last := 0
	for i := range files {
		files[i].name = s.appendPath(files[i].name)
		info, err := s.fs.Stat(files[i].name)
		if err != nil {
			return nil, &LoadError{
				files[i].name, 0, "the manifest names this file. Unable to obtain the AOF file " + files[i].name + " length. stat: " + err.Error(),
				"Unable to obtain the AOF file " + path.Base(files[i].name) + " length. stat: No such file or directory",
			}
		}
		files[i].id = info.ID
		if files[i].size = info.Size; info.Size > 0 {
			last = i
		}
	}
	if len(files) > 0 {
		files[last].last = true
	}
	return files, nil
}

// load begins to load files; then is called at the end. Until then commands
// without the loading flag are refused.
func (s *Server) load(files []loadFile, then func(err error)) {
	l := &loading{files: files, current: -1, begun: s.now, multiAt: -1, then: then, fromAOF: len(files) > 0 && files[0].kind == aofFile, starts: !s.started}
	for i := range files {
		f := &files[i]
		l.total += f.size
		f.found = f.size
		f.countFrom, f.damaged = s.crash.Counted(f.id, f.name)
	}
	l.client = &command.Client{DB: s.space.DBs[0], Reply: &resp.Writer{Protocol: 2}, Internal: true, Authenticated: true}
	s.loading = l
	s.space.ExpireDisabled = true
	s.observed.loading(l, event.Started)
}

const loadSliceBytes = 256 << 10

// loadSlice loads a slice of the files.
func (s *Server) loadSlice() {
	l := s.loading
	for budget := int64(loadSliceBytes); budget > 0; {
		if l.rdb == nil && l.aof == nil {
			if l.current++; l.current >= len(l.files) {
				s.endLoading(nil)
				return
			}
			if err := s.openLoadFile(l); err != nil {
				s.endLoading(err)
				return
			}
		}
		n, err := s.loadApart(l, budget)
		budget -= max(n, 1)
		l.done += n
		if err != nil {
			s.endLoading(err)
			return
		}
	}
	s.observed.loading(l, event.Running)
}

// loadApart is loadFrom with code that may not be there: then nothing is loaded
// at all, rather than a part of the data, and the files stay as they are.
func (s *Server) loadApart(l *loading, budget int64) (n int64, err error) {
	defer func() {
		switch r := recover(); {
		case r == nil:
		case r == any(command.ErrAbsent):
			err = phrase.Errorf("load %s, near offset %d: the code for what stands there could not be fetched. The files are as they were: start again when the network is back", l.files[l.current].name, l.done)
		default:
			panic(r)
		}
	}()
	return s.loadFrom(l, budget)
}

func (s *Server) openLoadFile(l *loading) error {
	f := &l.files[l.current]
	file, err := s.fs.OpenFile(f.name, 0)
	if err != nil {
		return err
	}
	l.file, l.fileBegun = file, s.now
	l.client.DB = s.space.DBs[0]
	l.dbID = 0
	if f.kind == rdbFile || aof.HasPreamble(file) {
		l.rdb = rdb.NewLoader(file, f.size, f.name, rdbHandler{s, l})
		if !s.config.RDBChecksum {
			l.rdb.Trust()
		}
		s.loadedKeys, s.loadedExpired, l.empty = 0, 0, 0
		switch {
		case f.kind == aofFile && s.isSingleFile(f.name):
			s.logf(event.Notice, "Reading RDB preamble from AOF file...")
		case f.kind == aofFile:
			s.logf(event.Notice, "Reading RDB base file on AOF loading...")
		}
		return nil
	}
	l.aof = aof.NewReader(file, 0, f.size, f.name)
	return nil
}

// loadFrom loads from the file that is open and returns how many bytes it read.
func (s *Server) loadFrom(l *loading, budget int64) (int64, error) {
	f := &l.files[l.current]
	if l.rdb != nil {
		from := l.rdb.Offset()
		done, err := l.rdb.Next(budget)
		n := l.rdb.Offset() - from
		if err != nil {
			return n, err
		}
		if done {
			end := l.rdb.Offset()
			if l.rdb.Unsummed() {
				s.logf(event.Warning, "RDB file was saved with checksum disabled: no check performed.")
			}
			l.rdb = nil
			level, text := event.Notice, "Done loading RDB, keys loaded: "+itoa(s.loadedKeys)+", keys expired: "+itoa(s.loadedExpired)
			if l.empty > 0 {
				level = event.Warning
				text += ", empty keys skipped: " + itoa(l.empty)
			}
			s.logf(level, text, ".")
			if f.kind == aofFile && s.isSingleFile(f.name) {
				s.logf(event.Notice, "Reading the remaining AOF tail...")
			}
			if f.kind == aofFile && end < f.size {
				l.aof = aof.NewReader(l.file, end, f.size, f.name)
			} else {
				s.closeLoadFile(l)
			}
		}
		return n, nil
	}
	from := l.aof.Offset()
	for l.aof.Offset()-from < budget {
		args, err := l.aof.Next()
		if err == io.EOF {
			if l.multiAt >= 0 {
				s.logf(event.Warning, "Revert incomplete MULTI/EXEC transaction in AOF file ", path.Base(f.name))
				return l.aof.Offset() - from, s.truncatedTail(l, l.multiAt, "Revert incomplete MULTI/EXEC transaction in AOF file "+f.name)
			}
			n := l.aof.Offset() - from
			s.closeLoadFile(l)
			return n, nil
		}
		if err != nil && f.last {
			err = l.aof.ZeroTail(err)
		}
		var cut *aof.Truncated
		if errors.As(err, &cut) {
			at := cut.ValidUpTo
			if l.multiAt >= 0 {
				at = l.multiAt
			}
			return l.aof.Offset() - from, s.truncatedTail(l, at, "Unexpected end of file reading the append only file "+f.name)
		}
		if err != nil {
			return l.aof.Offset() - from, err
		}
		if err := s.replay(l, args); err != nil {
			return l.aof.Offset() - from, err
		}
	}
	return l.aof.Offset() - from, nil
}

func (s *Server) closeLoadFile(l *loading) {
	l.file.Close()
	if f := &l.files[l.current]; f.kind == aofFile && f.size > 0 {
		kind := "incr"
		if base := s.aof.manifest.Base; base != nil && s.appendPath(base.Name) == f.name {
			kind = "base"
		}
		s.logf(event.Notice, "DB loaded from ", kind, " file ", path.Base(f.name), ": ", seconds(s.now-l.fileBegun), " seconds")
	}
	l.file, l.aof, l.rdb, l.multiAt = nil, nil, nil, -1
}

// truncatedTail cuts the last file back to its last whole command, if the
// configuration allows.
func (s *Server) truncatedTail(l *loading, valid int64, reason string) error {
	f := &l.files[l.current]
	name := path.Base(f.name)
	if !f.last {
		return &LoadError{
			f.name, valid, reason + ", and it is not the last file: only the last one may be cut short",
			"Fatal error: the truncated file is not the last file",
		}
	}
	if !s.config.AOFLoadTruncated {
		const then = " <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server."
		return &LoadError{
			f.name, valid, reason + ". You can: 1) Make a backup of your AOF file, then use everysec-check aof --fix " +
				"<filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server",
			"Unexpected end of file reading the append only file " + name + ". You can: 1) Make a backup of your AOF file, then use ./redis-check-aof --fix" + then,
		}
	}
	s.logf(event.Warning, "!!! Warning: short read while loading the AOF file ", name, "!!!")
	s.logf(event.Warning, "!!! Truncating the AOF ", name, " at offset ", itoa(valid), " !!!")
	file, err := s.fs.OpenFile(f.name, vfs.Write)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := file.Truncate(valid); err != nil {
		return err
	}
	f.size = valid
	s.logf(event.Warning, "AOF ", name, " loaded anyway because aof-load-truncated is enabled")
	s.closeLoadFile(l)
	return nil
}

// replay runs one command of an append-only file.
func (s *Server) replay(l *loading, args [][]byte) error {
	c := l.client
	at := l.aof.LastOffset()
	name := l.files[l.current].name
	spec := s.table.Resolve(args)
	if problem := s.existence(spec, args); problem != "" {
		if spec == nil || len(spec.Subcommands) > 0 {
			problem = "Unknown command '" + printable(args[0], 128) + "' reading the append only file"
		}
		problem = strings.TrimPrefix(problem, "ERR ")
		return &LoadError{name, at, problem, problem + " " + path.Base(name)}
	}
	switch {
	case spec.Name == "multi" && c.Transaction.Open:
		s.replayError("MULTI calls can not be nested", spec)
		return nil
	case spec.Name == "multi":
		l.multiAt = at
		c.Transaction.Open = true
		return nil
	case spec.Name == "exec":
		if l.multiAt < 0 {
			s.replayError("EXEC without MULTI", spec)
			return nil
		}
		s.replayed(l, l.multiAt)
		l.multiAt = -1
		queue := c.Transaction.Queue
		c.Transaction = command.Transaction{}
		for _, words := range queue {
			s.replayOne(c, words, spec)
		}
		return nil
	case c.Transaction.Open:
		words := make([][]byte, len(args))
		for i, a := range args {
			words[i] = append([]byte(nil), a...)
		}
		c.Transaction.Queue = append(c.Transaction.Queue, words)
		return nil
	}
	if spec.Name != "select" {
		s.replayed(l, at)
	}
	s.replayOne(c, args, spec)
	return nil
}

// replayed counts a write that begins at an offset of the file being read.
func (s *Server) replayed(l *loading, at int64) {
	if f := &l.files[l.current]; at >= f.countFrom && (f.damaged == nil || !crashreport.Touches(f.damaged, at, l.aof.Offset())) {
		f.units++
	}
}

// replayOne runs one command; of is the one that the log names, which may be the
// EXEC of its transaction.
func (s *Server) replayOne(c *command.Client, args [][]byte, of *command.Spec) {
	spec := s.table.Resolve(args)
	// The files and the settings of a server that is only reading are not to be
	// touched by what it reads. No server writes such commands.
	if spec.Flags&command.Admin != 0 && spec.Flags&command.Write == 0 {
		s.replayError("'"+spec.FullName()+"' isn't allowed in an append-only file", of)
		return
	}
	ctx := s.pushContext(c, c.Reply)
	s.run(ctx, spec, args)
	s.popContext()
	if reply, is := bytes.CutPrefix(c.Reply.Bytes(), []byte("-")); is {
		reply, _, _ = bytes.Cut(reply, []byte("\r\n"))
		text, plain := strings.CutPrefix(string(reply[:min(len(reply), 4096)]), "ERR ")
		if !plain {
			text = "-" + text
		}
		s.replayError(text, of)
	}
	c.Reply.Reset()
}

// replayError tells that a command of the file could not be run, which never was
// so when it was written. The loading goes on, as in Redis.
func (s *Server) replayError(text string, of *command.Spec) {
	s.stats.unexpectedErrors++
	s.logf(event.Warning, "== CRITICAL == This server is sending an error to its AOF-loading-client: '", text, "' after processing the command '", of.FullName(), "'")
}

// rdbHandler puts what an RDB file holds into the keyspace.
type rdbHandler struct {
	s *Server
	l *loading
}

// Aux tells of a file what redis-server does.
func (h rdbHandler) Aux(key, value []byte) error {
	s := h.s
	switch name := strings.ToLower(string(key)); name {
	case "redis-ver":
		s.logf(event.Notice, "Loading RDB produced by version ", string(value))
	case "ctime":
		if made, err := strconv.ParseInt(string(value), 10, 64); err == nil {
			s.logf(event.Notice, "RDB age ", itoa(max(s.now/1000000-made, 0)), " seconds")
		}
	case "used-mem":
		if bytes, err := strconv.ParseInt(string(value), 10, 64); err == nil {
			s.logf(event.Notice, "RDB memory usage when created ", strconv.FormatFloat(float64(bytes)/(1<<20), 'f', 2, 64), " Mb")
			h.l.usedMemory = bytes
		}
	case "aof-base", "aof-preamble":
		if n, err := strconv.ParseInt(string(value), 10, 64); err == nil && n != 0 {
			s.logf(event.Notice, map[string]string{"aof-base": "RDB is base AOF", "aof-preamble": "RDB has an AOF tail"}[name])
		}
	case "redis-bits", "repl-stream-db", "repl-id", "repl-offset", "lua":
	default:
		if strings.HasPrefix(name, "%") {
			s.logf(event.Notice, "RDB '", printable(key, 128), "': ", printable(value, 1024))
		} else {
			s.logf(event.Debug, "Unrecognized RDB AUX field: '", printable(key, 128), "'")
		}
	}
	return nil
}

func (h rdbHandler) Function(code []byte) error {
	if _, problem := h.s.scripts.LoadLibrary(code, h.l.merges); problem != "" {
		problem = strings.TrimPrefix(problem, "ERR ")
		return &rdb.Error{Reason: "the function library cannot be loaded: " + problem, Log: "Failed loading library, " + problem}
	}
	return nil
}

func (h rdbHandler) SelectDB(id int) error {
	if id >= len(h.s.space.DBs) {
		text := "Data file was created with a Redis server configured to handle more than " + itoa(len(h.s.space.DBs)) + " databases"
		return &rdb.Error{Reason: text, Log: "FATAL: " + text + ". Exiting"}
	}
	h.l.dbID = id
	return nil
}

func (h rdbHandler) ResizeDB(keys, volatile int) error {
	h.s.space.DBs[h.l.dbID].Keys.Expand(keys)
	return nil
}

func (h rdbHandler) Objects() *object.Store { return h.s.space.Objects }

// Entry drops a key that expired before now when it comes from dump.rdb; from
// the base of an append-only file it is kept until its DEL or its time comes,
// as the commands that follow may touch it. So it is, too, when DEBUG RELOAD
// reads it while such a file is written, which must hear of its DEL.
func (h rdbHandler) Entry(key []byte, v object.Value, expireAt int64) error {
	s, db := h.s, h.s.space.DBs[h.l.dbID]
	if expireAt != 0 && expireAt < s.space.Now && !h.l.fromAOF && !s.aof.enabled {
		s.space.Objects.Free(&v)
		s.loadedExpired++
		return nil
	}
	if db.Peek(key) != nil {
		if !h.l.merges {
			s.space.Objects.Free(&v)
			return &rdb.Error{
				Reason: "the key " + strconv.Quote(string(key[:min(len(key), 128)])) + " is there twice",
				Log:    "RDB has duplicated key '" + printable(key, 128) + "' in DB " + itoa(int64(db.ID)),
			}
		}
		db.Delete(key, false)
	}
	e := db.Add(key, v)
	if expireAt != 0 {
		db.ExpireKeyAt(key, expireAt)
	}
	use := h.l.rdb.Use()
	s.space.SetUse(e, use.Idle, use.Frequency)
	db.Modified(key, e)
	s.loadedKeys++
	return nil
}

// Empty tells of ten keys at most, as redis-server does.
func (h rdbHandler) Empty(key []byte) {
	if h.l.empty++; h.l.empty <= 10 {
		h.s.logf(event.Warning, "rdbLoadObject skipping empty key: ", printable(key, 128))
	}
}

// endLoading leaves the loading state.
func (s *Server) endLoading(err error) {
	l := s.loading
	if l.file != nil {
		l.file.Close()
	}
	s.loading = nil
	s.numberLoaded(l.fromAOF)
	s.space.ExpireDisabled = false
	if err != nil {
		s.observed.loading(l, event.Failed)
	} else {
		if l.starts && l.fromAOF {
			s.logf(event.Notice, "DB loaded from append only file: ", seconds(s.now-l.begun), " seconds")
		} else if l.starts && len(l.files) > 0 {
			s.logf(event.Notice, "DB loaded from disk: ", seconds(s.now-l.begun), " seconds")
		}
		s.observed.loading(l, event.Finished)
		s.recovered(l.files)
	}
	l.then(err)
}

// appendOnlyLoaded opens the append-only file for writing after a start: the
// increment that was being appended to, or new files on an empty disk. What
// was loaded may have been in the page cache only (after a kill -9), and all of
// it counts as durable from now on: so every file and name is synced.
func (s *Server) appendOnlyLoaded(err error) {
	if err != nil {
		s.fatal(err)
		return
	}
	a := &s.aof
	then := func(err error) {
		if err != nil {
			s.fatal(err)
			return
		}
		s.announceReady()
	}
	s.inTurn(then,
		func(done func(err error)) { done(s.ensureAppendDir()) },
		s.createBaseIfNone,
		s.syncLoaded,
		s.openLastIncremental,
		func(done func(err error)) {
			a.currentSize = s.appendOnlyBytes()
			a.baseSize = a.currentSize
			if s.doubtLoaded() {
				done(nil)
				return
			}
			s.writeAndSync(done)
		},
		func(done func(err error)) { s.removeHistory(s.holdFor, done) },
	)
}

// syncLoaded syncs the files that the manifest names, and their names.
func (s *Server) syncLoaded(done func(err error)) {
	m := &s.aof.manifest
	var steps []func(done func(err error))
	sync := func(name string) {
		steps = append(steps, func(done func(err error)) {
			f, err := s.fs.OpenFile(s.appendPath(name), vfs.Write)
			if err != nil {
				done(err)
				return
			}
			s.holdFor(f.Sync(), func(err error) {
				f.Close()
				if err != nil {
					s.markUnsynced()
				}
				done(err)
			})
		})
	}
	if m.Base != nil {
		sync(m.Base.Name)
	}
	for _, incr := range m.Incr {
		sync(incr.Name)
	}
	steps = append(steps, s.syncDir(s.config.AppendDirName), s.syncDir("."))
	s.inTurn(done, steps...)
}

func (s *Server) appendOnlyBytes() int64 {
	files, err := s.appendOnlyFiles()
	total := int64(0)
	if err == nil {
		for _, f := range files {
			total += f.size
		}
	}
	return total
}

// createBaseIfNone writes an RDB base of what there is (usually nothing) when
// the manifest names none, so that the directory is whole from the start.
func (s *Server) createBaseIfNone(then func(err error)) {
	if s.aof.manifest.Base != nil || len(s.aof.manifest.Incr) > 0 {
		then(nil)
		return
	}
	m := s.aof.manifest.Clone()
	name := m.NewBase(s.config.AppendFilename, s.config.AOFUseRDBPreamble)
	s.logf(event.Notice, "Creating AOF base file ", name, " on server start")
	temp := s.appendPath("temp-base-" + itoa(s.processID))
	f, err := s.fs.OpenFile(temp, vfs.Write|vfs.Create|vfs.Truncate)
	if err == nil {
		err = s.writeAll(f, event.Rewrite)
	}
	if err != nil {
		then(err)
		return
	}
	s.holdFor(f.Sync(), func(err error) {
		f.Close()
		if err == nil {
			err = s.fs.Rename(temp, s.appendPath(name))
		}
		if err != nil {
			then(err)
			return
		}
		s.aof.manifest = m
		then(nil)
	})
}

// openLastIncremental opens the newest increment, or makes the first one.
func (s *Server) openLastIncremental(then func(err error)) {
	m := s.aof.manifest.Clone()
	if n := len(m.Incr); n > 0 {
		f, err := s.fs.OpenFile(s.appendPath(m.Incr[n-1].Name), vfs.Write)
		if err == nil {
			s.logf(event.Notice, "Opening AOF incr file ", m.Incr[n-1].Name, " on server start")
			s.appendTo(f)
		}
		then(err)
		return
	}
	name := m.NewIncr(s.config.AppendFilename)
	s.logf(event.Notice, "Creating AOF incr file ", name, " on server start")
	f, err := s.newFile(s.appendPath(name))
	if err != nil {
		then(err)
		return
	}
	s.appendTo(f)
	s.inTurn(then,
		s.syncDir(s.config.AppendDirName),
		func(done func(err error)) { s.writeManifest(m, s.holdFor, done) },
		func(done func(err error)) {
			s.aof.manifest = m
			done(nil)
		},
	)
}
