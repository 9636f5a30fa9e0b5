package server

import (
	"strconv"
	"strings"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/resp"
)

// execute is Redis's processCommand: may this client run this now? Then run it
// or queue it.
func (s *Server) execute(c *connection, args [][]byte) {
	c.LastInteraction = s.space.Now
	s.markDirty(c)
	mark := c.writer.Len()
	s.request, s.current = c.reader.Request(), c
	if c.postponed != nil { // it is not in the reader any more
		s.request, c.postponed = nil, nil
	}
	s.dispatch(c, args, mark)
	s.request = nil
	if s.busy != nil && s.busy.client == c {
		s.unit.own()
		return // endBusy does the rest
	}
	s.executed(c, mark)
}

// executed is what follows a command whose reply begins at mark.
func (s *Server) executed(c *connection, mark int) {
	if c.ReplyOff || c.ReplySkip {
		c.writer.Truncate(mark)
	}
	c.ReplySkip, c.ReplySkipNext = c.ReplySkipNext, false
	c.reader.Unauthenticated = !c.Authenticated && s.acl.AuthRequired
	if s.contextDepth == 0 {
		last := s.aof.last
		s.flushUnit()
		if s.aof.last != last {
			c.lastWrite = s.aof.last
		}
		if s.rdb.flushed {
			s.saveFlushed()
		}
		if s.tracking.clients > 0 {
			s.afterTracked(c)
		}
		if s.blocking.clients > 0 {
			s.serveReady()
		}
	} else {
		s.unit.own()
	}
	s.current = nil
}

func (s *Server) dispatch(c *connection, args [][]byte, mark int) {
	spec := s.resolve(args)
	if spec != nil && spec == s.quit {
		c.writer.SimpleString("OK")
		c.CloseAfterReply = true
		return
	}
	c.LastCommand = "NULL"
	if problem := s.existence(spec, args); problem != "" {
		if spec != nil && len(spec.Subcommands) > 0 && len(args) > 1 {
			spec = nil // there is no such subcommand
		}
		if spec != nil {
			c.LastCommand = spec.FullName()
		}
		s.reject(c, spec, problem)
		return
	}
	c.LastCommand = spec.Name
	if spec.Flags&command.Protected != 0 && !s.allowsProtected(c, spec) {
		s.reject(c, spec, notAllowed(spec))
		return
	}
	if spec.Parent() != nil { // CLIENT LIST and its kin among them
		c.LastCommand = spec.FullName()
		s.measureBuffers(c)
	}
	if !c.Authenticated && s.acl.AuthRequired && spec.Flags&command.NoAuth == 0 {
		s.reject(c, spec, command.ErrNoAuth)
		return
	}
	t := &c.Transaction
	if t.Open && spec.Flags&command.NoMulti != 0 {
		s.reject(c, spec, "ERR Command not allowed inside a transaction")
		return
	}
	if c.User.Restricted {
		context := "toplevel"
		if t.Open {
			context = "multi"
		}
		if d := s.forbidden(&c.Client, spec, args, context); d != command.Allowed {
			s.reject(c, spec, d.Error(spec))
			return
		}
	}
	if s.config.MaxMemoryClients != 0 {
		if s.evictClients(); c.CloseNow {
			return
		}
	}
	if s.mayRefuse(c) {
		if problem := s.refusal(c, spec, args); problem != "" {
			s.reject(c, spec, problem)
			return
		}
	}
	if s.pause.until != 0 && s.pauses(c, spec) {
		s.postpone(c, args)
		s.pause.kept = append(s.pause.kept, c)
		return
	}
	if t.Open && !runsInsideMulti(spec) {
		s.queue(c, spec, args)
		return
	}
	if len(s.jobs) > 0 && s.awaitsSnapshot(c, spec, args) {
		s.postpone(c, args)
		return
	}
	if runsScripts(c, spec) {
		s.runOnOwnStack(c, spec, args, mark)
		return
	}
	ctx := s.pushContext(&c.Client, c.Reply)
	s.run(ctx, spec, args)
	s.popContext()
}

// resolved is the command that was sent last, by its name as it was spelled: very
// often the next is the same.
type resolved struct {
	spec   *command.Spec // nil: there was none, or it depends on a second word
	name   [16]byte
	length int
}

// resolve is command.Table.Resolve.
func (s *Server) resolve(args [][]byte) *command.Spec {
	last := &s.resolved
	if last.spec != nil && string(args[0]) == string(last.name[:last.length]) {
		return last.spec
	}
	spec := s.table.Resolve(args)
	if spec == nil || spec.Parent() != nil || len(spec.Subcommands) > 0 || len(args[0]) > len(last.name) {
		last.spec = nil
	} else {
		last.spec, last.length = spec, copy(last.name[:], args[0])
	}
	return spec
}

// allowsProtected follows enable-debug-command and enable-module-command;
// "local" is a loopback address or a client that comes from no network at all.
func (s *Server) allowsProtected(c *connection, spec *command.Spec) bool {
	setting := s.config.EnableDebugCommand
	if spec.Parent() != nil {
		setting, _ = s.config.Value("enable-module-command")
	}
	return setting == "yes" || setting == "local" && (strings.HasPrefix(c.Address, "127.") || strings.HasPrefix(c.Address, "[::1]") ||
		strings.HasPrefix(c.Address, "/") || !strings.Contains(c.Address, "."))
}

func notAllowed(spec *command.Spec) string {
	name := spec.Name
	if spec.Parent() != nil {
		name = spec.Parent().Name
	}
	return "ERR " + strings.ToUpper(name) + " command not allowed. If the enable-" + name + "-command option is set to \"local\", " +
		"you can run it from a local connection, otherwise you need to set this option in the configuration file, " +
		"and then restart the server."
}

// existence checks the name and the number of words.
func (s *Server) existence(spec *command.Spec, args [][]byte) string {
	if spec == nil {
		return unknownCommand(args)
	}
	if len(spec.Subcommands) > 0 && len(args) >= 2 {
		return "ERR unknown subcommand '" + printable(args[1], 128) + "'. Try " + strings.ToUpper(printable(args[0], 128)) + " HELP."
	}
	if !spec.ArityFits(len(args)) {
		return command.WrongNumberOfArguments(spec.FullName())
	}
	return ""
}

func unknownCommand(args [][]byte) string {
	var b strings.Builder
	b.WriteString("ERR unknown command '")
	b.WriteString(printable(args[0], 128))
	b.WriteString("', with args beginning with: ")
	start := b.Len()
	for _, arg := range args[1:] {
		if b.Len()-start >= 128 {
			break
		}
		b.WriteByte('\'')
		b.WriteString(printable(arg, 128-(b.Len()-1-start)))
		b.WriteString("' ")
	}
	return b.String()
}

// printable cuts a word as %.*s does, and ends it at a zero byte; an error
// reply is one line, so line breaks become spaces.
func printable(b []byte, limit int) string {
	b = b[:min(len(b), max(limit, 0))]
	for i, ch := range b {
		if ch == 0 {
			b = b[:i]
			break
		}
	}
	return strings.NewReplacer("\r", " ", "\n", " ").Replace(string(b))
}

// mayRefuse tells whether there can be a reason not to run some command: there
// is none on any ordinary day.
func (s *Server) mayRefuse(c *connection) bool {
	return s.loading != nil || s.rdb.lastFailed || s.aof.writeFailed || s.config.MaxMemory > 0 || c.listened() || c.Monitor || s.busy != nil
}

// refusal is every reason not to run a command that exists: the state of the
// client or of the server.
func (s *Server) refusal(c *connection, spec *command.Spec, args [][]byte) string {
	flags := s.flagsFor(spec, args)
	if s.config.MaxMemory > 0 && s.busy == nil {
		s.eviction.full = s.performEvictions() == evictionFailed
		if s.eviction.full && (flags&command.DenyOOM != 0 || deniedInMulti(c, spec)) {
			return command.ErrOutOfMemory
		}
	}
	if flags&command.Write != 0 || writes(c, spec) || spec.Name == "ping" {
		if problem := s.diskError(); problem != "" {
			return problem
		}
	}
	if c.Listens() && c.writer.Protocol == 2 && !allowedWhileSubscribed(spec) {
		return "ERR Can't execute '" + strings.ToLower(printable(args[0], 128)) +
			"': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
	}
	if s.loading != nil && spec.Flags&command.Loading == 0 {
		return command.ErrLoading
	}
	if c.Monitor && (writes(c, spec) || spec.Flags&command.ReadOnly != 0 || mayReplicate(spec)) {
		return "ERR Replica can't interact with the keyspace" // a monitor is a kind of replica to Redis
	}
	if s.busy != nil && spec.Flags&command.AllowBusy == 0 {
		return s.scripts.busyError()
	}
	return ""
}

// deniedInMulti: when memory is full no transaction may be made longer, and
// none that asks for more may run.
func deniedInMulti(c *connection, spec *command.Spec) bool {
	if !c.Transaction.Open {
		return false
	}
	switch spec.Name {
	case "discard", "reset", "quit":
		return false
	case "exec":
		return c.Transaction.Flags&command.DenyOOM != 0
	}
	return true
}

// writes tells whether a command changes data: EXEC does if one it runs does.
func writes(c *connection, spec *command.Spec) bool {
	return spec.Flags&command.Write != 0 || spec.Name == "exec" && c.Transaction.Flags&command.Write != 0
}

const errMisconf = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. " +
	"Commands that may modify the data set are disabled, because this instance is configured to report errors during " +
	"writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details " +
	"about the RDB error."

func allowedWhileSubscribed(spec *command.Spec) bool {
	switch spec.Name {
	case "ping", "subscribe", "ssubscribe", "psubscribe", "unsubscribe", "sunsubscribe", "punsubscribe", "quit", "reset":
		return true
	}
	return false
}

func runsInsideMulti(spec *command.Spec) bool {
	switch spec.Name {
	case "exec", "discard", "multi", "watch", "quit", "reset":
		return spec.Parent() == nil
	}
	return false
}

// reject sends an error for a command that was not run; inside MULTI the
// transaction can no longer be executed.
func (s *Server) reject(c *connection, spec *command.Spec, problem string) {
	if spec != nil {
		s.stats.rejected(spec)
	}
	if spec != nil && spec.Name == "exec" {
		c.Discard()
		problem = "EXECABORT Transaction discarded because of: " + strings.TrimPrefix(problem, "ERR ")
		s.stats.errorReply(problem)
		c.writer.Error(problem)
		return
	}
	s.stats.errorReply(problem)
	if c.Transaction.Open {
		c.Transaction.Aborted = true
	}
	c.writer.Error(problem)
}

// queue keeps a command for EXEC.
func (s *Server) queue(c *connection, spec *command.Spec, args [][]byte) {
	t := &c.Transaction
	if !t.Aborted && !t.Dirty {
		t.Queue = append(t.Queue, command.CopyWords(args))
		for _, arg := range args {
			t.Bytes += int64(len(arg)) + 8
		}
		t.Flags |= spec.Flags
	}
	c.writer.SimpleString("QUEUED")
}

// pushContext gives a context for one more level of execution. Contexts are
// reused, so that a command costs no allocation.
func (s *Server) pushContext(client *command.Client, w *resp.Writer) *command.Context {
	if s.contextDepth == len(s.contexts) {
		s.contexts = append(s.contexts, &command.Context{
			Space: s.space, Config: s.config, Random: s.random, Server: s,
		})
	}
	ctx := s.contexts[s.contextDepth]
	s.contextDepth++
	ctx.Client, ctx.Reply, ctx.DB = client, w, client.DB
	ctx.InScript, ctx.InTransaction = false, false
	ctx.Now = s.space.Now
	return ctx
}

func (s *Server) popContext() { s.contextDepth-- }

// run is Redis's call: execute, measure, propagate.
func (s *Server) run(ctx *command.Context, spec *command.Spec, args [][]byte) {
	ctx.Spec, ctx.Args = spec, args
	ctx.Reset()
	s.space.Access.Off = ctx.Client.NoTouch && spec.Name != "touch"
	together := s.measuresTogether(spec, args)
	if !together && s.group.n > 0 {
		s.readStopwatch()
	}
	start, began := s.lap, s.now
	mark, errorsBefore := ctx.Reply.Len(), s.stats.errorReplies
	apart := s.aside.db != 0 && s.contextDepth == 1 && ctx.DB.ID == s.aside.db
	hits, misses := s.space.Hits, s.space.Misses
	if s.stats.monitors > 0 && spec.Flags&command.SkipMonitor != 0 { // a script: before what it calls
		s.feedMonitors(ctx, spec, args)
	}
	if spec.Apart {
		s.runApart(ctx, spec)
	} else {
		spec.Run(ctx)
	}
	if s.stats.monitors > 0 && spec.Flags&(command.SkipMonitor|command.Admin) == 0 {
		s.feedMonitors(ctx, spec, args)
	}
	var duration int64
	if together && ctx.Client.Blocked == nil {
		s.measureTogether(spec)
	} else if !together {
		duration = s.readStopwatch() - start
	}
	if s.heldFor != 0 { // DEBUG SLEEP
		duration, s.heldFor = duration+s.heldFor, 0
	}
	switch {
	case !ctx.PropagatesVerbatim():
	case s.contextDepth == 1 && s.request != nil:
		s.propagateRequest(ctx.DB.ID)
	default:
		s.Propagate(ctx.DB.ID, args)
	}
	s.rdb.changes += ctx.Changes
	s.stats.commands++
	if apart {
		s.aside.commands++
		s.aside.hits += s.space.Hits - hits
		s.aside.misses += s.space.Misses - misses
	}
	if s.tracking.clients > 0 && spec.Flags&command.ReadOnly != 0 {
		s.trackReads(ctx, spec, args)
	}
	if ctx.Client.Blocked != nil { // counted when it is over
		return
	}
	bad := failed(ctx.Reply, mark)
	if bad {
		s.stats.failure(ctx.Reply.Bytes()[mark:], errorsBefore)
		if apart {
			s.aside.errors += s.stats.errorReplies - errorsBefore
		}
	}
	s.stats.ran(spec, duration, bad || s.scripts.errorWithin)
	s.stats.calls[spec.Row()].failed += s.scripts.errorsAgain
	s.scripts.errorWithin, s.scripts.errorsAgain = false, 0
	if !together {
		if s.config.LatencyTracking {
			s.stats.calls[spec.Row()].tookLevel(command.Level(duration))
		}
		if s.config.LatencyMonitorThreshold != 0 {
			event := "command"
			if spec.Flags&command.Fast != 0 {
				event = "fast-command"
			}
			s.noteLatency(event, duration/1000)
		}
		s.noteCommand(ctx, spec, args, began, duration)
	}
}

// runApart runs a command whose code may not be there: it is then as if it had
// not been sent. Files are not read without it, for that would leave out what
// it did to the data.
func (s *Server) runApart(ctx *command.Context, spec *command.Spec) {
	mark := ctx.Reply.Len()
	defer func() {
		switch r := recover(); {
		case r == nil:
		case r == any(command.ErrAbsent) && s.loading == nil:
			ctx.Reset()
			ctx.Reply.Truncate(mark)
			ctx.Reply.Error("ERR The code of '" + spec.FullName() + "' could not be fetched. Nothing was changed; try again when the network is back.")
		default:
			panic(r)
		}
	}()
	spec.Run(ctx)
}

// failed tells whether the reply that begins at mark is an error.
func failed(w *resp.Writer, mark int) bool {
	b := w.Bytes()
	return mark < len(b) && b[mark] == '-'
}

// Call runs one command for EXEC or a script. The caller has checked that the
// command exists and may run.
func (s *Server) Call(caller *command.Context, args [][]byte, w *resp.Writer) {
	spec := s.table.Resolve(args)
	if u := caller.Client.User; u != nil && u.Restricted {
		if d := s.forbidden(caller.Client, spec, args, "multi"); d != command.Allowed {
			problem := d.TransactionError()
			s.stats.errorReply(problem)
			w.Error(problem)
			return
		}
	}
	ctx := s.pushContext(caller.Client, w)
	ctx.InScript = caller.InScript
	ctx.InTransaction = true
	s.run(ctx, spec, args)
	s.popContext()
	caller.DB = caller.Client.DB
}

// feedMonitors shows a command to the clients in MONITOR mode.
func (s *Server) feedMonitors(ctx *command.Context, spec *command.Spec, args [][]byte) {
	if s.loading != nil {
		return
	}
	line := strconv.AppendInt(nil, s.now/1000000, 10)
	line = append(line, '.')
	micro := strconv.Itoa(int(s.now%1000000) + 1000000)
	line = append(line, micro[1:]...)
	line = append(line, " ["...)
	line = strconv.AppendInt(line, int64(ctx.DB.ID), 10)
	line = append(line, ' ')
	if ctx.InScript {
		line = append(line, "lua"...)
	} else {
		if path, is := strings.CutSuffix(ctx.Client.Address, ":0"); is && path[0] == '/' {
			line = append(line, "unix:"...)
			line = append(line, path...)
		} else {
			line = append(line, ctx.Client.Address...)
		}
	}
	line = append(line, ']')
	for _, arg := range redacted(spec, args) {
		line = append(line, ' ')
		line = appendQuoted(line, arg)
	}
	for _, c := range s.order {
		if c.Monitor {
			c.writer.SimpleString(string(line))
			s.markDirty(c)
		}
	}
}

// NotifyKeyspace publishes a keyspace event as notify-keyspace-events asks.
func (s *Server) NotifyKeyspace(db int, class config.NotifyClass, event string, key []byte) {
	if s.config.Notify&class == 0 {
		return
	}
	number := strconv.Itoa(db)
	if s.config.Notify&config.NotifyKeyspace != 0 {
		channel := append([]byte("__keyspace@"+number+"__:"), key...)
		s.pubsub.Publish(channel, []byte(event), s.deliver)
	}
	if s.config.Notify&config.NotifyKeyevent != 0 {
		s.pubsub.Publish([]byte("__keyevent@"+number+"__:"+event), key, s.deliver)
	}
}

// Publish sends a message to the subscribers of a channel.
func (s *Server) Publish(channel, message []byte) int {
	return s.pubsub.Publish(channel, message, s.deliver)
}

// PublishShard sends a message to the subscribers of a shard channel.
func (s *Server) PublishShard(channel, message []byte) int {
	return s.pubsub.PublishShard(channel, message, s.deliver)
}

// listened tells whether the client has ever subscribed to anything.
func (c *connection) listened() bool {
	return c.Channels[command.Global] != nil || c.Patterns != nil || c.Channels[command.Shard] != nil
}
