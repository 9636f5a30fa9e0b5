// Package server is one Redis server as a state machine: Step(now) with what
// came in, Output with what goes out. It has no thread of its own, no clock,
// no socket; those are the host's, and come in through four doors: now as a
// value, a seed, a vfs.FS, and bytes from clients.
//
// What would block the thread of a real server (fsync under "always", SAVE,
// DEBUG SLEEP) is a state here: Step runs no command while the server is held.
package server

import (
	"math"
	"math/rand/v2"

	"everysec/engine/command"
	"everysec/engine/commands"
	"everysec/engine/config"
	"everysec/engine/crashreport"
	"everysec/engine/ds/arena"
	"everysec/engine/event"
	"everysec/engine/keyspace"
	"everysec/engine/resp"
	"everysec/engine/vfs"
)

// Version is the Redis version whose behaviour this is.
const Version = "7.0.15"

// Options are the doors and the configuration of a server.
type Options struct {
	FS   vfs.FS
	Seed uint64
	// Config are directives as in redis.conf, later ones win: {"appendonly", "yes"}.
	Config [][2]string
	// ConfigFile is the text of a redis.conf, read before Config, and its name
	// for CONFIG REWRITE.
	ConfigFile     []byte
	ConfigFileName string
	// ConfigStore is where CONFIG REWRITE writes; nil: ConfigFileName on FS.
	ConfigStore ConfigFile
	// Includes finds the files that "include" names; nil: on FS.
	Includes func(pattern string) ([]config.Included, error)
	// Directives are those of a command line, read last.
	Directives []config.Option
	// Stopwatch tells microseconds of real time for measured durations
	// (SLOWLOG, commandstats, the page's event loop). nil: every duration is 0.
	Stopwatch func() int64
	ProcessID int
	// Prepared is used by one server only; nil: Open prepares.
	Prepared *Prepared
	// Crash is how the server before this one died (Server.Crash); nil: nobody
	// knows, as when it was another process.
	Crash *crashreport.Crash
	// JournalWrites is how many writes this one notes for its own Crash, one by
	// one; 0: crashreport.DefaultWrites.
	JournalWrites int
	// Aside is the number of a database whose use is also counted apart
	// (event.Durability, INFO aside); where there are fewer databases it is the last,
	// and where there is only one, none. 0: there is none.
	Aside int
}

// Prepared is what a server has when it begins, whatever its options are. Where
// opening one must be quick it is made before.
type Prepared struct {
	table *command.Table
}

// Prepare makes it.
func Prepare() *Prepared {
	return &Prepared{table: command.NewTable(commands.Families()...)}
}

// Configuration is what the options configure.
func (o *Options) Configuration() (*config.Config, error) {
	c := config.New()
	if c.Includes = o.Includes; c.Includes == nil && o.FS != nil {
		c.Includes = func(pattern string) ([]config.Included, error) { return includes(o.FS, pattern) }
	}
	if o.ConfigFileName != "" {
		if err := c.Parse(o.ConfigFileName, string(o.ConfigFile)); err != nil {
			return nil, err
		}
	}
	for _, directive := range o.Config {
		if err := c.Directive(directive[0], directive[1]); err != nil {
			return nil, err
		}
	}
	return c, c.Apply(o.Directives)
}

// Server is one server. Its methods must not be called concurrently.
type Server struct {
	fs        vfs.FS
	config    *config.Config
	stopwatch func() int64
	lap       int64 // what the stopwatch showed last
	group     group
	random    *rand.Rand
	runID     string
	// replicationID is that of the stream of changes, as INFO shows it.
	replicationID string
	cronPaused    bool
	processID     int
	configFile    ConfigFile

	now       int64 // microseconds
	startedAt int64

	space    *keyspace.Space
	table    *command.Table
	resolved resolved
	quit     *command.Spec
	pubsub   *command.PubSubRegistry
	acl      *command.ACL

	clients        map[uint64]*connection
	order          []*connection // by id
	nextClient     uint64
	descriptors    []bool        // in use
	freeDescriptor int           // none is free below it
	ready          []*connection // with input to run, in order of arrival
	dirtyOutput    []*connection // with replies not released yet
	outputReady    []uint64
	system         *command.Client // the client behind expiry and the AOF loader
	contexts       []*command.Context
	contextDepth   int

	unit     propagation
	blocking blocking
	tracking tracking
	pause    pause
	current  *connection // whose command runs
	request  []byte      // of the client whose command runs; see resp.Reader.Request

	aof           aofState
	rdb           rdbState
	jobs          []*snapshotJob
	sliceAt       int64 // when a job had the thread last
	sliceCommands int64 // how many commands had run until then
	loading       *loading
	scripts       *scriptCache
	hold          *hold

	started  bool // all was loaded once
	running  bool
	exitCode int
	failure  error
	shutdown *shutdown

	coroutine *coroutine // of the commands that run scripts
	busy      *busy      // the one that is not done

	activeExpire bool
	nextCron     int64
	cronRuns     int64

	eviction eviction
	expiring expiring
	memory   memory
	stats    statistics
	observed observed
	slowlog  command.SlowLog
	latency  command.LatencyMonitor
	heldFor  int64 // microseconds that the running command holds the thread after it
	// acknowledged is the newest change whose reply was let go.
	acknowledged uint64
	aside        aside
	// repliesDropped: the disk failed, and what was to be acknowledged is not.
	repliesDropped bool
	journal        *crashreport.Journal
	crash          *crashreport.Crash // of the server before this one, until this one is ready
	report         *crashreport.Report

	// of the RDB file that was read last, also while it is read
	loadedKeys, loadedExpired int64
}

// hold is why the thread runs nothing: until a time, or until the disk is done.
type hold struct {
	until  int64
	ticket vfs.Ticket
	then   func(err error)
	next   func(s *Server, err error) // instead of then: it holds nothing, so a copy of the server can share it
	after  *hold                      // what else the thread waits for, when this is over
}

// Open starts a server: it reads the configuration and begins to load the
// dataset, which Step continues. The error is about the configuration or
// about files that cannot be opened.
func Open(now int64, o Options) (*Server, error) {
	c, err := o.Configuration()
	if err != nil {
		return nil, err
	}
	prepared := o.Prepared
	if prepared == nil {
		prepared = Prepare()
	}
	random := rand.New(rand.NewPCG(o.Seed, 0x65766572))
	s := &Server{
		fs:           o.FS,
		config:       c,
		stopwatch:    o.Stopwatch,
		random:       random,
		runID:        hexID(random),
		processID:    o.ProcessID,
		configFile:   o.ConfigStore,
		now:          now,
		startedAt:    now,
		space:        keyspace.New(arena.New(), c.Databases, random.Uint64()),
		table:        prepared.table,
		pubsub:       command.NewPubSubRegistry(),
		clients:      map[uint64]*connection{},
		running:      true,
		activeExpire: true,
		nextCron:     now,
		journal:      crashreport.NewJournal(o.JournalWrites),
		aside:        aside{db: min(o.Aside, c.Databases-1)},
		crash:        o.Crash,
		memory:       memory{resizeReplies: true, forgetPeaks: command.ForgetReplyPeak},
		rdb:          rdbState{lastSeconds: -1},
		aof:          aofState{lastRewriteSeconds: -1},
	}
	s.replicationID = s.runID
	s.space.Observer = s
	s.space.FieldsExpired = s.fieldsExpired
	s.space.Now = now / 1000
	s.space.Objects.Limits = c.Limits
	s.applyMemoryPolicy()
	s.watchAdded()
	s.system = &command.Client{DB: s.space.DBs[0], Reply: &resp.Writer{Protocol: 2}, Internal: true, Authenticated: true}
	s.scripts = newScriptCache(s)
	s.stats.init(s.table.Rows())
	s.group.init(s.table)
	s.quit = s.table.Lookup([]byte("quit"))
	s.readStopwatch()
	if err := s.openUsers(); err != nil {
		return nil, err
	}
	if err := s.renameCommands(); err != nil {
		return nil, err
	}
	s.logf(event.Notice, "Everysec starts as Redis ", Version, " would, run id ", s.runID)
	s.logf(event.Warning, "Server initialized")
	if err := s.beginLoading(); err != nil {
		s.fatal(err)
	}
	return s, nil
}

func hexID(r *rand.Rand) string {
	const digits = "0123456789abcdef"
	id := make([]byte, 40)
	for i := range id {
		id[i] = digits[r.IntN(16)]
	}
	return string(id)
}

// Running tells whether the server still runs; ExitCode is valid when not.
func (s *Server) Running() bool { return s.running }

// ExitCode is 0 after a clean SHUTDOWN.
func (s *Server) ExitCode() int { return s.exitCode }

// Loading tells whether the dataset is still being read.
func (s *Server) Loading() bool { return s.loading != nil }

// Held tells whether the thread runs nothing at the moment.
func (s *Server) Held() bool { return s.hold != nil }

// Step runs everything that is ready at now (microseconds since 1970, never
// going back): finished disk tickets, timers, input, background jobs.
func (s *Server) Step(now int64) {
	s.advance(now)
	s.step()
}

func (s *Server) step() {
	for s.running {
		if s.busy != nil {
			if s.continueBusy(); s.busy != nil {
				return
			}
			continue
		}
		if s.hold != nil {
			if !s.release() {
				return
			}
			continue
		}
		s.pollAppendOnlySync()
		if s.loading != nil {
			s.loadSlice()
			if s.hold != nil {
				continue
			}
		}
		if s.now >= s.nextCron {
			s.cron()
		}
		if s.eviction.running {
			s.performEvictions()
		}
		s.endPause()
		s.wakeBlocked()
		s.runReady()
		if s.hold != nil || !s.running {
			continue
		}
		if s.busy != nil {
			return
		}
		s.advanceJobs()
		s.continueShutdown()
		if s.hold != nil || !s.running {
			continue
		}
		s.beforeSleep()
		if s.hold == nil && len(s.ready) == 0 {
			return
		}
	}
}

func (s *Server) advance(now int64) {
	if now > s.now {
		s.now = now
	}
	if s.busy == nil { // for a script the time stands still
		s.space.Now = s.now / 1000
	}
}

// release ends a hold whose time or ticket has come.
func (s *Server) release() bool {
	h := s.hold
	if h.ticket != nil {
		if !h.ticket.Done() {
			return false
		}
	} else if s.now < h.until {
		return false
	}
	s.hold = nil
	var err error
	if h.ticket != nil {
		err = h.ticket.Err()
	}
	switch {
	case h.then != nil:
		h.then(err)
	case h.next != nil:
		h.next(s, err)
	}
	s.holdAlso(h.after)
	return true
}

// holdAlso adds to what the thread waits for: a transaction may ask for
// several things, and what each goes on with is its own.
func (s *Server) holdAlso(h *hold) {
	at := &s.hold
	for *at != nil {
		at = &(*at).after
	}
	*at = h
}

// holdFor keeps the thread until a disk ticket is done, then goes on with then.
func (s *Server) holdFor(t vfs.Ticket, then func(err error)) {
	if t.Done() {
		then(t.Err())
		return
	}
	s.holdAlso(&hold{ticket: t, then: then})
}

// holdThen is holdFor with what holds nothing.
func (s *Server) holdThen(t vfs.Ticket, next func(s *Server, err error)) {
	if t.Done() {
		next(s, t.Err())
		return
	}
	s.holdAlso(&hold{ticket: t, next: next})
}

// HoldUntil keeps the thread until a time in microseconds (DEBUG SLEEP).
func (s *Server) HoldUntil(at int64) {
	s.heldFor += at - s.now
	s.holdAlso(&hold{until: at})
}

// NextWake is when Step must be called at the latest if nothing comes in:
// microseconds since 1970, now or earlier if there is work, math.MaxInt64 if
// the server has ended. A host whose disk finishes a ticket calls Step at once.
func (s *Server) NextWake() int64 {
	if !s.running {
		return math.MaxInt64
	}
	if s.busy != nil {
		if s.stopwatch != nil {
			return s.now
		}
		return s.now + sliceTime
	}
	if s.hold != nil {
		if s.hold.ticket != nil {
			if s.hold.ticket.Done() {
				return s.now
			}
			return s.now + 1000000
		}
		return s.hold.until
	}
	if len(s.ready) > 0 || s.jobsHaveWork() || s.loading != nil || s.catchesUp() || s.eviction.running && s.maySafelyEvict() {
		return s.now
	}
	wake := s.nextCron
	if s.pause.until != 0 {
		wake = min(wake, s.pause.until*1000)
	}
	return s.nextDeadline(wake)
}

// beforeSleep is what Redis does before it waits for events: fast expiry, the
// append-only file, and only then the replies.
func (s *Server) beforeSleep() {
	if s.loading == nil && s.activeExpire {
		s.activeExpireCycle(fastCycle)
	}
	s.flushUnit()
	if s.blocking.clients > 0 {
		s.serveReady() // what the expiry of keys has made ready
	}
	if s.config.MaxMemoryClients != 0 {
		s.evictClients()
	}
	if s.tracking.clients > 0 {
		s.broadcastInvalidations()
	}
	s.flushAppendOnly()
	if s.hold == nil {
		s.releaseReplies()
	}
}

// Exit ends the server at once.
func (s *Server) exit(code int) {
	s.Abandon()
	s.running = false
	s.exitCode = code
	s.releaseReplies()
	for _, c := range s.order {
		c.closed = true
		s.outputReady = append(s.outputReady, c.ID)
	}
}

// Table finds commands.
func (s *Server) Table() *command.Table { return s.table }

// PubSub knows the subscribers.
func (s *Server) PubSub() *command.PubSubRegistry { return s.pubsub }

// Config is the configuration in force.
func (s *Server) Config() *config.Config { return s.config }

// Space is the keyspace, for hosts and checkers that look at it between steps.
func (s *Server) Space() *keyspace.Space { return s.space }

// RunID is the server's run id: 40 hexadecimal digits from the seed.
func (s *Server) RunID() string { return s.runID }

// Now is engine time in microseconds.
func (s *Server) Now() int64 { return s.now }

// Clients lists the clients by id.
func (s *Server) Clients() []*command.Client {
	list := make([]*command.Client, 0, len(s.order))
	for _, c := range s.order {
		s.measureBuffers(c)
		list = append(list, &c.Client)
	}
	return list
}
