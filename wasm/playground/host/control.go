package host

import (
	"errors"
	"slices"
	"strings"

	"everysec/engine/server"
	"everysec/engine/vfs"
	"everysec/wasm/bridge"
	"everysec/wasm/idb"
)

// control does what a page asks of the host, and answers at once or, where the
// store has to be asked, later.
func (h *Host) control(c *channel, call uint32, op bridge.Op, payload []byte) {
	f := bridge.Read(payload)
	result, err := bridge.Record(nil), error(nil)
	if h.disk == nil && op != bridge.OpState && op != bridge.OpTakeOver && op != bridge.OpCopy && op != bridge.OpRawStore {
		h.fail(c, call, errors.New("no store is open yet"))
		return
	}
	switch op {
	case bridge.OpPause, bridge.OpResume:
		h.clock.pause(h.wall, op == bridge.OpPause)
		h.tellOthers(c)
	case bridge.OpSpeed:
		if speed := f.Number(); speed > 0 {
			h.clock.setSpeed(h.wall, speed)
			h.tellOthers(c)
		} else {
			err = errors.New("the speed of time must be above 0")
		}
	case bridge.OpAdvance:
		h.clock.advance(h.wall, f.Int())
		h.step()
		h.tellOthers(c)
	case bridge.OpCrash:
		h.crashWhen(c, call, f)
		return
	case bridge.OpDisarm, bridge.OpFault:
		if op == bridge.OpDisarm {
			h.disarm()
		} else {
			what := bridge.Fault(f.Byte())
			err = h.fault(what, f.Int())
		}
		h.tellOthers(c)
		result = h.diskState().Append(nil)
	case bridge.OpRestart:
		h.restart(c, call, f.Pairs()...)
		return
	case bridge.OpImport:
		h.replace(c, call, []named{{"dump.rdb", f.Bytes()}})
		return
	case bridge.OpReplace:
		var files []named
		for n := f.Int(); n > 0 && f.More(); n-- {
			files = append(files, named{f.String(), f.Bytes()})
		}
		if err = f.Err(); err == nil {
			h.replace(c, call, files)
			return
		}
	case bridge.OpBringBack:
		err = h.bringBack(c)
	case bridge.OpErase:
		if f.More() {
			h.renew(f)
		}
		h.erase(c, call)
		return
	case bridge.OpTakeOver:
		h.ask(c, call, idb.TakeOver)
		return
	case bridge.OpCopy:
		h.ask(c, call, idb.Copy)
		return
	case bridge.OpRawStore:
		h.ask(c, call, idb.Download)
		return
	case bridge.OpResync:
		c.resync = &resync{}
	case bridge.OpFreeSpace:
		err = h.fault(bridge.FullDisk, f.Int())
		h.tellOthers(c)
	case bridge.OpShell:
		result = h.shell(f)
		h.tellOthers(c)
	case bridge.OpStep:
		result = bridge.Record(nil).String(h.stepOn())
	case bridge.OpWarm:
		result, err = h.warm(int(f.Int()))
	default:
		result, err = h.read(op, f)
	}
	if err == nil {
		err = f.Err()
	}
	if err != nil {
		h.fail(c, call, err)
		return
	}
	if result == nil {
		result = h.state().Append(nil)
	}
	h.answer(c, call, result)
}

// read does what only looks. Nothing in the host or in its engine changes by it.
func (h *Host) read(op bridge.Op, f *bridge.Fields) (result bridge.Record, err error) {
	switch op {
	case bridge.OpState:
		return h.state().Append(nil), nil
	case bridge.OpFiles:
		return bridge.AppendFiles(nil, h.files()), nil
	case bridge.OpReadFile:
		name := f.String()
		var content bridge.FileContent
		if content.Data, err = vfs.ReadFile(h.disk, name); err != nil {
			return nil, err
		}
		content.Synced = h.disk.SyncedBytes(name)
		return content.Append(nil), nil
	case bridge.OpExport:
		data, err := h.export()
		return bridge.Record(nil).Bytes(data), err
	case bridge.OpTable:
		return h.table(int(f.Int())).Append(nil), nil
	case bridge.OpDisk:
		return h.diskState().Append(nil), nil
	case bridge.OpAccount:
		return h.last.Append(nil), nil
	}
	return nil, errors.New("unknown operation")
}

// table is the hash table of a database; that of a server that is down is empty.
func (h *Host) table(db int) bridge.Table {
	t := bridge.Table{Rehash: -1}
	if h.engine == nil || db < 0 || db >= len(h.engine.Space().DBs) {
		return t
	}
	keys := h.engine.Space().DBs[db].Keys
	shape := keys.Shape()
	t.Rehash = int64(shape.RehashIndex)
	for i := range t.Size {
		t.Size[i], t.Used[i] = int64(shape.Size[i]), int64(shape.Used[i])
		if shape.Size[i] <= bridge.MaxChains {
			for _, n := range keys.ChainLengths(i, 0, shape.Size[i]) {
				t.Chains[i] = append(t.Chains[i], byte(min(n, 255)))
			}
		}
	}
	return t
}

func (h *Host) answer(c *channel, call uint32, result bridge.Record) {
	c.out = bridge.Append(c.out, bridge.Frame{Kind: bridge.KindResult, ID: call, Data: result})
}

func (h *Host) fail(c *channel, call uint32, err error) {
	c.out = bridge.Append(c.out, bridge.Frame{Kind: bridge.KindFailure, ID: call, Data: []byte(err.Error())})
}

func (h *Host) state() bridge.State {
	s := bridge.State{
		Now: h.now(), Wall: h.wall, Speed: h.clock.speed, Paused: h.clock.paused,
		Store: h.store, StoreText: h.storeText, Name: h.settings.Store, Seed: int64(h.settings.Seed), Error: h.failure,
	}
	switch {
	case h.store == bridge.StoreWaiting || h.disk == nil:
		s.Phase = bridge.PhaseWaiting
	case h.engine == nil:
		s.Phase = bridge.PhaseDown
	case h.engine.Loading():
		s.Phase = bridge.PhaseLoading
	default:
		s.Phase, s.Held = bridge.PhaseRunning, h.engine.Held() || h.engine.Busy()
	}
	return s
}

// ask passes a question to the store; Stored has the answer.
func (h *Host) ask(c *channel, call uint32, what idb.Ask) {
	h.asked = append(h.asked, asked{c.id, call, what})
	h.options.Ask(what)
}

// Stored is what the store found when it was opened, or its answer to Ask.
// The host keeps image.
func (h *Host) Stored(image []byte, wall int64) {
	h.begin(wall)
	im, err := idb.ReadImage(image)
	if err != nil {
		im = idb.Image{State: idb.Unknown, Text: err.Error()}
	}
	if len(h.asked) == 0 {
		h.open(im)
		h.finish()
		return
	}
	a := h.asked[0]
	h.asked = h.asked[1:]
	c := h.channel(a.channel)
	switch {
	case a.what == idb.Download && im.State == idb.Raw:
		var z archive
		for _, b := range im.Blobs {
			z.add(b.Name, b.Data)
		}
		h.answer(c, a.call, bridge.Record(nil).Bytes(z.finish()))
	case im.State == idb.Busy:
		h.fail(c, a.call, errors.New(im.Text))
	case a.what == idb.Download:
		h.fail(c, a.call, errors.New("the store could not be read"))
	default:
		h.disarm()
		h.drop()
		h.died, h.aside = nil, nil
		h.open(im)
		h.answer(c, a.call, h.state().Append(nil))
	}
	h.finish()
}

// open makes a disk of what the store holds and starts a server on it.
func (h *Host) open(im idb.Image) {
	h.storeText, h.standing = im.Text, nil
	kind := bridge.NoticeStoreMemory
	switch im.State {
	case idb.Busy:
		h.store = bridge.StoreWaiting
		h.tellAlways(bridge.NoticeStoreBusy, im.Text)
		return
	case idb.Unknown:
		kind, h.store = bridge.NoticeStoreUnknown, bridge.StoreMemory
	case idb.Kept:
		kind, h.store = bridge.NoticeStoreEmptied, bridge.StoreIndexedDB
	default:
		h.store = bridge.StoreMemory
	}
	if err := h.load(im.Content); err != nil {
		// What is stored stays as it is, to be downloaded.
		kind, h.store, h.storeText = bridge.NoticeStoreUnknown, bridge.StoreMemory, err.Error()
		_ = h.load(vfs.Content{})
	}
	h.unknown = kind == bridge.NoticeStoreUnknown
	if h.storeText != "" {
		h.tellAlways(kind, h.storeText)
	}
	why := h.settings.Held
	h.settings.Held = ""
	if why != "" && h.store == bridge.StoreIndexedDB { // what was only in memory has gone
		h.hold(why)
		return
	}
	h.start()
}

// hold leaves a disk without a server: the hosts before this one died of
// something, and a start would only show whether it was in the files.
func (h *Host) hold(why string) {
	h.failure = "not started: the engine died again and again"
	h.tellAlways(bridge.NoticeHeld, "The engine died again and again ("+why+"), perhaps of these files, so no server was started on them. They are as they were: look into them, export them, or start the server all the same.")
}

func (h *Host) load(content vfs.Content) error {
	o := vfs.Options{Writeback: writeback}
	h.platter = nil
	if h.store == bridge.StoreIndexedDB {
		h.platter = idb.New(h.options.Commit)
		o.Platter = h.platter
	}
	disk, err := vfs.Load(content, o)
	if err == nil {
		h.disk = disk
	}
	return err
}

// writeback is when Linux writes back by itself what nobody synced.
const writeback = 30_000_000

// files lists every file.
func (h *Host) files() []bridge.File {
	var files []bridge.File
	for _, f := range h.disk.Files() {
		synced := f.Synced
		if !f.NameSynced {
			synced = 0 // bytes without a name are lost bytes
		}
		files = append(files, bridge.File{Name: f.Name, Size: f.Size, Synced: synced})
	}
	return files
}

// export is a zip of what a redis-server needs to go on from here.
func (h *Host) export() ([]byte, error) {
	var z archive
	for _, f := range h.disk.Files() {
		data, err := vfs.ReadFile(h.disk, f.Name)
		if err != nil {
			return nil, err
		}
		z.add(f.Name, data)
	}
	return z.finish(), nil
}

// erase removes every file and starts empty.
func (h *Host) erase(c *channel, call uint32) {
	if h.unknown {
		h.ask(c, call, idb.Erase)
		return
	}
	h.setAside()
	h.attach()
	h.start()
	h.step()
	h.answer(c, call, h.state().Append(nil))
}

// renew takes the wishes of a lesson that begins again, and undoes what was done
// to time and to the disk.
func (h *Host) renew(f *bridge.Fields) {
	h.settings.Seed, h.starts, h.settings.Lesson = uint64(f.Int()), 0, f.Pairs()
	h.clock.pause(h.wall, false)
	h.clock.setSpeed(h.wall, 1)
	_ = h.fault(bridge.NoFault, 0) // this one is known
}

// wantsAOF is what appendonly would be at an ordinary start, as far as the
// host's own settings say.
func (h *Host) wantsAOF() bool {
	want := false
	for _, pair := range slices.Concat(h.lesson(), h.settings.Config) {
		if strings.EqualFold(pair[0], "appendonly") {
			want = pair[1] == "yes"
		}
	}
	return want
}

// run sends a command from a client of the host's own; then gets the reply,
// which may take a while if the server is waiting for the disk.
func (h *Host) run(then func(reply []byte), args ...string) {
	id := h.engine.Connect(h.now(), "127.0.0.1:0")
	h.own[id] = then
	h.engine.Receive(id, command(nil, args...))
	h.input = true
}

func command(dst []byte, args ...string) []byte {
	dst = append(append(append(dst, '*'), decimal(uint32(len(args)))...), "\r\n"...)
	for _, a := range args {
		dst = append(append(append(dst, '$'), decimal(uint32(len(a)))...), "\r\n"...)
		dst = append(append(dst, a...), "\r\n"...)
	}
	return dst
}

// warm runs commands on a server that nobody sees, so that the browser has
// compiled the paths a first visitor takes. It stops after n commands.
func (h *Host) warm(n int) (bridge.Record, error) {
	engine, err := server.Open(h.now(), server.Options{
		FS: vfs.New(vfs.Options{}), Config: [][2]string{{"appendonly", "yes"}, {"save", ""}},
	})
	if err != nil {
		return nil, err
	}
	now := h.now()
	id := engine.Connect(now, "127.0.0.1:0")
	engine.Step(now)
	n = min(max(n, 0), 20_000)
	var in []byte
	for done := 0; done < n; {
		in = in[:0]
		for range 100 {
			key := "key:" + decimal(uint32(done%1000))
			in = command(in, "SET", key, "value")
			in = command(in, "GET", key)
			done += 2
		}
		now += 100
		engine.Receive(id, in)
		engine.Step(now)
		for _, ready := range engine.OutputReady() {
			engine.Output(ready)
		}
	}
	return bridge.Record(nil).Int(int64(n)), nil
}
