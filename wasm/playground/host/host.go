// Package host runs one server for a page: it gives it a clock, a disk and
// clients, lets it crash and start again, and keeps the account of what that
// cost. It is pure Go without a thread of its own; wasm/playground connects it
// to a worker.
//
// The idea: whatever happens, happens inside Exec, Tick, Committed, Stored or
// Taken. Each of them takes real time as a value, runs the server until it has
// nothing more to do, and posts what came out as one batch for each channel.
package host

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"everysec/engine/crashreport"
	"everysec/engine/ds/order"
	"everysec/engine/event"
	"everysec/engine/server"
	"everysec/engine/vfs"
	"everysec/lessons"
	"everysec/wasm/bridge"
	"everysec/wasm/idb"
)

// Options connect a host to what is around it.
type Options struct {
	// Post sends a batch that begins with its channel. It must consume the
	// bytes before it returns.
	Post func(batch []byte)
	// Commit begins a transaction of the store, Ask a rare question to it.
	Commit func(transaction uint32, ops []byte)
	Ask    func(what idb.Ask)
	// Stopwatch is microseconds of real time since some moment.
	Stopwatch func() int64
}

// ConfigName is the configuration file that CONFIG REWRITE writes and a start
// reads, in the data directory.
const ConfigName = "redis.conf"

// Settings are the page's wishes.
type Settings struct {
	Store  string // its name, for people
	Seed   uint64
	Config [][2]string // goes over Lesson and redis.conf
	Lesson [][2]string // of a data directory without a redis.conf; nil: lessons.Playground
	Held   string      // what the hosts before this one died of, so that it waits to be told to start; "": it starts
}

// Host is one server and everything around it.
type Host struct {
	options  Options
	settings Settings
	clock    clock
	wall     int64
	sent     int64 // engine time at which what is being read was sent

	disk      *vfs.Disk
	platter   *idb.Platter
	store     bridge.Store
	storeText string  // why it is not what was asked for
	unknown   bool    // there is one, and it was not understood
	standing  *notice // what whoever comes later must know of it, too
	asked     []asked // calls that wait for the store

	prepared *server.Prepared // of the first engine
	engine   *server.Server
	ready    bool   // NoticeReady was sent for this engine
	failure  string // why there is no engine
	starts   uint64
	before   *before        // the crash that took it down
	last     bridge.Account // of the newest crash
	armed    *armed         // the crash that is waited for
	fallen   *fallen        // the crash that has just happened
	aside    *aside         // what was replaced last; nil: nothing
	// acknowledged is the newest change whose reply has left.
	acknowledged uint64
	died         *crashreport.Crash // what it knew of its writes
	afterLoad    []func()           // calls that wait until it answers, or cannot start

	channels map[uint32]*channel
	order    []*channel
	owners   map[uint64]owner              // of the engine's clients
	own      map[uint64]func(reply []byte) // clients of the host itself
	input    bool                          // the engine has bytes it has not run
	batch    event.Batch
}

// channel is one user of the worker: each has its own clients and calls.
type channel struct {
	id      uint32
	out     []byte // begins with the id
	clients map[uint32]uint64
	stamped bool // wants to know when batches leave
	credit  int
	reads   bool     // has ever given credit
	events  [][]byte // drained for other channels, not yet sent to this one
	held    int      // bytes of events
	resync  *resync  // a description of every key that is under way
}

// notice is what was told to everybody.
type notice struct {
	kind bridge.Notice
	text string
}

// resync is where it goes on.
type resync struct {
	db     int
	cursor uint64
}

type owner struct {
	channel *channel
	client  uint32
}

// asked is a call that waits for the store.
type asked struct {
	channel uint32
	call    uint32
	what    idb.Ask
}

const channelBytes = 4

// New returns a host without a disk: Stored brings it.
func New(o Options) *Host {
	return &Host{
		options:  o,
		clock:    clock{speed: 1},
		prepared: server.Prepare(),
		channels: map[uint32]*channel{},
		owners:   map[uint64]owner{},
		own:      map[uint64]func([]byte){},
	}
}

// Configure is called once, before Stored.
func (h *Host) Configure(s Settings) { h.settings = s }

// Exec runs what a page sent: a channel and frames. A malformed batch is
// reported to the channel that sent it.
func (h *Host) Exec(message []byte, wall int64) {
	h.begin(wall)
	if len(message) < channelBytes {
		return
	}
	c := h.channel(binary.LittleEndian.Uint32(message))
	h.sent = h.now()
	for rest := message[channelBytes:]; len(rest) > 0; {
		f, after, err := bridge.Next(rest)
		if err != nil {
			h.notice(c, bridge.NoticeFatal, err.Error())
			break
		}
		rest = after
		h.request(c, f)
	}
	h.finish()
}

// Tick is to be called after Delay.
func (h *Host) Tick(wall int64) {
	h.begin(wall)
	h.finish()
}

// Committed ends one of the store's transactions; failure is "" or a
// DOMException's name and message.
func (h *Host) Committed(transaction uint32, failure string, wall int64) {
	h.begin(wall)
	switch {
	case idb.IsFull(failure):
		h.tellAlways(bridge.NoticeStoreFull, "The browser has no more room for the files of this page: writes are refused until it has. ("+failure+")")
	case failure != "":
		h.tellAlways(bridge.NoticeStoreFailed, "The browser could not save the files of this page. ("+failure+")")
	case h.standing != nil && (h.standing.kind == bridge.NoticeStoreFull || h.standing.kind == bridge.NoticeStoreFailed):
		h.standing = nil
		h.tell(bridge.NoticeStoreSaves, "The files of this page are saved again.")
	}
	if h.platter != nil {
		h.platter.Finished(transaction, failure)
	}
	h.finish()
}

// Taken says that the store is another tab's now, and why. What is in memory
// stays usable, on a disk that keeps nothing.
func (h *Host) Taken(why string, wall int64) {
	h.begin(wall)
	h.store = bridge.StoreMemory
	if h.platter != nil {
		h.platter.Abandon()
	}
	h.tellAlways(bridge.NoticeStoreTaken, why+"; what you change here is no longer kept")
	h.finish()
}

// Delay is the real time until Tick is to be called, in microseconds;
// math.MaxInt64: only when something comes in.
func (h *Host) Delay() int64 { return h.clock.delay(h.wall, h.wake()) }

// wake is the engine time at which there is something to do.
func (h *Host) wake() int64 {
	wake := int64(math.MaxInt64)
	if h.engine != nil {
		wake = h.engine.NextWake()
	}
	if h.disk != nil {
		if at, ok := h.disk.NextWake(); ok {
			wake = min(wake, at)
		}
	}
	return wake
}

func (h *Host) now() int64 { return h.clock.now(h.wall) }

func (h *Host) begin(wall int64) {
	if h.wall == 0 {
		h.clock.wall, h.clock.engine = wall, wall
	}
	h.wall = max(h.wall, wall)
}

func (h *Host) finish() {
	h.step()
	h.drain()
	for _, c := range h.order {
		if len(c.out) > c.empty() {
			if c.stamped {
				bridge.AppendTime(c.out[:channelBytes], bridge.KindLeft, h.options.Stopwatch())
			}
			h.options.Post(c.out)
			if cap(c.out) > 1<<20 {
				c.out = nil
			}
			c.reset()
		}
	}
}

func (c *channel) reset() {
	c.out = binary.LittleEndian.AppendUint32(c.out[:0], c.id)
	if c.stamped {
		c.out = bridge.AppendTime(c.out, bridge.KindLeft, 0) // the time is not known yet
	}
}

// empty is how long a batch is that says nothing.
func (c *channel) empty() int {
	if c.stamped {
		return channelBytes + bridge.TimeSize
	}
	return channelBytes
}

func (h *Host) channel(id uint32) *channel {
	c := h.channels[id]
	if c == nil {
		c = &channel{id: id, clients: map[uint32]uint64{}}
		c.reset()
		h.channels[id] = c
		h.order = append(h.order, c)
		if n := h.standing; n != nil {
			h.notice(c, n.kind, n.text)
		}
	}
	return c
}

// step runs the engine and collects what it says.
func (h *Host) step() {
	h.input = false
	if h.disk != nil {
		h.disk.Advance(h.now())
	}
	if h.engine == nil {
		return
	}
	if h.fallen == nil {
		if h.armed != nil {
			h.drainAll() // of what comes from now on nothing may be true
		}
		h.engine.Step(h.now())
	}
	if h.fallen != nil {
		h.fall()
		return
	}
	h.collect()
	h.acknowledged = h.engine.Acknowledged()
	defer func() {
		if h.input && h.engine != nil { // a client of our own has something to say
			h.step()
		}
	}()
	switch {
	case !h.engine.Running():
		h.stopped()
	case !h.ready && !h.engine.Loading():
		h.loaded()
	}
}

func (h *Host) collect() {
	for _, id := range h.engine.OutputReady() {
		o, known := h.owners[id]
		data, closed := h.engine.Output(id)
		if then := h.own[id]; then != nil {
			delete(h.own, id)
			h.engine.Disconnect(h.now(), id)
			then(data)
			continue
		}
		if closed {
			delete(h.owners, id)
		}
		if !known || len(data) == 0 && !closed {
			continue
		}
		o.channel.out = bridge.AppendOutput(o.channel.out, o.client, data, closed)
		if closed {
			delete(o.channel.clients, o.client)
		}
	}
}

func (h *Host) request(c *channel, f bridge.Frame) {
	switch f.Kind {
	case bridge.KindConnect:
		if h.engine == nil {
			c.out = bridge.AppendOutput(c.out, f.ID, nil, true)
			return
		}
		id := h.engine.Connect(h.now(), address(c.id, f.ID))
		c.clients[f.ID] = id
		h.owners[id] = owner{c, f.ID}
	case bridge.KindDisconnect:
		id, open := c.clients[f.ID]
		if !open {
			return
		}
		if h.input {
			h.step() // what it sent before it hung up still counts
		}
		delete(c.clients, f.ID)
		delete(h.owners, id)
		if h.engine != nil {
			h.engine.Disconnect(h.now(), id)
		}
	case bridge.KindInput:
		if id, open := c.clients[f.ID]; open && h.engine != nil {
			h.engine.ReceiveSent(id, f.Data, h.sent)
			h.input = true
		}
	case bridge.KindSent:
		if sent := bridge.Read(f.Data).Int(); sent > 0 {
			h.sent = min(h.clock.now(sent), h.now())
		}
		if !c.stamped && len(c.out) == channelBytes {
			c.stamped = true
			c.reset()
		}
	case bridge.KindCredit:
		c.reads = true
		c.credit = int(min(f.ID, 16))
	case bridge.KindControl:
		if h.input {
			h.step()
		}
		h.control(c, f.ID, bridge.Op(f.Arg), f.Data)
	}
}

// address is what CLIENT LIST shows: each channel is a machine of its own.
func address(channel, client uint32) string {
	return "127.0.0." + decimal(1+channel%250) + ":" + decimal(bridge.Port(client))
}

func decimal(v uint32) string {
	var b [10]byte
	i := len(b)
	for {
		i--
		b[i] = byte('0' + v%10)
		if v /= 10; v == 0 {
			return string(b[i:])
		}
	}
}

// maxHeld is how many bytes of events a channel may leave unread before it is
// told to ask for everything again.
const maxHeld = 4 << 20

// drain takes the engine's events if anybody has credit, and keeps a copy for
// those who read but have none.
func (h *Host) drain() {
	able := false
	for _, c := range h.order {
		if c.credit > 0 {
			h.describe(c)
			h.sendEvents(c)
		}
		able = able || c.credit > 0
	}
	if able && h.engine != nil {
		h.drainAll()
	}
}

func (h *Host) drainAll() {
	h.batch.Reset()
	h.engine.Drain(&h.batch)
	if h.batch.Len() > 0 {
		h.share(h.batch.Encode(nil))
	}
}

// resyncKeys is how many keys of a resynchronisation one batch describes.
const resyncKeys = 4000

// describe goes on with a resynchronisation. What changes meanwhile is told by
// the ordinary events, which this channel gets after the description.
func (h *Host) describe(c *channel) {
	if c.resync == nil || h.engine == nil {
		return
	}
	h.batch.Reset()
	r := c.resync
	r.cursor = h.engine.Resync(&h.batch, r.db, r.cursor, resyncKeys)
	if r.cursor == 0 {
		if r.db++; r.db == len(h.engine.Space().DBs) {
			c.resync = nil
		}
	}
	c.events = append(c.events, h.batch.Encode(nil))
}

// share gives encoded events to every channel that reads.
func (h *Host) share(encoded []byte) {
	for _, c := range h.order {
		if !c.reads {
			continue
		}
		c.events = append(c.events, encoded)
		if c.held += len(encoded); c.held > maxHeld {
			var lost event.Batch
			lost.Overflow(event.Overflow{})
			c.events, c.held = [][]byte{lost.Encode(nil)}, 0
		}
		if c.credit > 0 {
			h.sendEvents(c)
		}
	}
}

// sendEvents spends one credit on everything that waits.
func (h *Host) sendEvents(c *channel) {
	if len(c.events) > 0 {
		c.giveEvents()
		c.credit--
	}
}

func (c *channel) giveEvents() {
	for _, e := range c.events {
		c.out = bridge.Append(c.out, bridge.Frame{Kind: bridge.KindEvents, Data: e})
	}
	c.events, c.held = c.events[:0], 0
}

func (h *Host) notice(c *channel, kind bridge.Notice, text string) {
	c.out = bridge.Append(c.out, bridge.Frame{Kind: bridge.KindNotice, Arg: uint8(kind), Data: []byte(text)})
}

func (h *Host) tell(kind bridge.Notice, text string) {
	for _, c := range h.order {
		h.notice(c, kind, text)
	}
}

// tellAlways tells it to those who come later, too.
func (h *Host) tellAlways(kind bridge.Notice, text string) {
	h.standing = &notice{kind, text}
	h.tell(kind, text)
}

// start opens an engine on the disk.
func (h *Host) start(more ...[2]string) {
	h.failure, h.ready = "", false
	if h.standing != nil && h.standing.kind == bridge.NoticeHeld {
		h.standing = nil
	}
	o := server.Options{
		FS: h.disk, Seed: h.settings.Seed + h.starts, Stopwatch: h.options.Stopwatch,
		ConfigFileName: ConfigName, ProcessID: int(h.starts) + 1,
		Prepared: h.prepared, Crash: h.died, Aside: bridge.LastDB,
	}
	h.prepared = nil
	h.starts++
	file, err := vfs.ReadFile(h.disk, ConfigName)
	if err != nil {
		file = []byte(lessons.Conf(h.lesson()))
	}
	o.ConfigFile, o.Config = file, slices.Concat(h.settings.Config, more)
	engine, err := server.Open(h.now(), o)
	if err != nil {
		h.down(err.Error())
		return
	}
	h.engine = engine
	for _, c := range h.order {
		c.resync = nil
		c.giveEvents() // of the server before this one: NoticeReady must not overtake them
	}
}

// lesson is the configuration of a data directory without a redis.conf.
func (h *Host) lesson() [][2]string {
	if h.settings.Lesson != nil {
		return h.settings.Lesson
	}
	return lessons.Playground
}

// loaded is the moment at which the server answers.
func (h *Host) loaded() {
	h.ready = true
	h.died = nil
	h.tell(bridge.NoticeReady, "")
	h.settled()
}

// settled runs what waited for the end of a start.
func (h *Host) settled() {
	waiting := h.afterLoad
	h.afterLoad = nil
	for _, then := range waiting {
		then()
	}
}

// stopped is an engine that ended by itself.
func (h *Host) stopped() {
	why := ""
	if err := h.engine.Failure(); err != nil {
		why = err.Error()
	}
	h.died = h.engine.Crash(crashreport.Exit, nil)
	h.disarm()
	h.drop()
	h.down(why)
}

func (h *Host) down(why string) {
	h.failure = why
	h.tell(bridge.NoticeDown, why)
	h.settled()
}

// drop forgets the engine and closes all its clients.
func (h *Host) drop() {
	if h.engine != nil {
		h.drainAll() // its last log lines above all
		h.engine.Abandon()
	}
	h.engine, h.input = nil, false
	for _, c := range h.order {
		for _, client := range sorted(c.clients) {
			c.out = bridge.AppendOutput(c.out, client, nil, true)
		}
		clear(c.clients)
	}
	clear(h.owners)
	gone := h.own
	h.own = map[uint64]func([]byte){}
	for _, id := range order.Keys(gone) {
		gone[id](nil) // whoever waits for the reply is not left alone
	}
}

func sorted(clients map[uint32]uint64) []uint32 {
	ids := make([]uint32, 0, len(clients))
	for id := range clients {
		ids = append(ids, id)
	}
	order.Ascending(ids)
	return ids
}

var errDown = errors.New("the server is down: restart it first")
