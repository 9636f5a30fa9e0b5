package host

import (
	"cmp"
	"errors"
	"path"
	"strings"

	"everysec/engine/ds/order"
	"everysec/engine/server"
	"everysec/engine/vfs"
	"everysec/wasm/bridge"
)

// Where everything is replaced, what was there is set aside and not removed:
// the disk with all that is not synced, and the engine with all that is in its
// memory. So it can be brought back exactly, as long as this host lives.

// aside is a server and its disk.
type aside struct {
	disk    *vfs.Disk
	engine  *server.Server
	failure string
}

// named is a file.
type named struct {
	name string
	data []byte
}

// setAside leaves the host with an empty disk and without an engine.
func (h *Host) setAside() {
	h.disarm()
	old := &aside{disk: h.disk, engine: h.engine, failure: h.failure}
	if h.engine != nil {
		h.drainAll()
		for _, id := range order.Keys(h.owners) {
			h.engine.Disconnect(h.now(), id)
		}
		for _, id := range order.Keys(h.own) {
			h.engine.Disconnect(h.now(), id)
		}
	}
	h.engine = nil
	h.drop()
	old.disk.Detach()
	h.aside, h.died, h.before = old, nil, nil
	h.disk = vfs.New(vfs.Options{Writeback: writeback})
}

// attach lets the store hold what the disk does.
func (h *Host) attach() {
	if h.platter != nil {
		h.disk.Attach(h.platter)
	}
}

// bringBack undoes setAside.
func (h *Host) bringBack(from *channel) error {
	a := h.aside
	if a == nil {
		return errors.New("there is nothing to bring back")
	}
	if h.platter != nil {
		if t := a.disk.Attach(h.platter); t.Done() && t.Err() != nil {
			return t.Err()
		}
	}
	h.disarm()
	h.drop()
	h.disk.Halt()
	h.aside, h.before, h.died = nil, nil, nil
	h.disk, h.engine, h.failure = a.disk, a.engine, a.failure
	h.ready = h.engine != nil && !h.engine.Loading()
	h.tell(bridge.NoticeRun, "")
	return nil
}

// replace puts files in the place of all others. They are tried on a server of
// their own first, so that bad ones cost nothing.
//
// A server with appendonly yes and no AOF starts empty and does not look at
// dump.rdb, so where there is only that, this one starts without, and is told to
// begin an AOF as soon as it has loaded.
func (h *Host) replace(c *channel, call uint32, files []named) {
	snapshot, configured := true, false
	for _, f := range files {
		snapshot = snapshot && !strings.HasSuffix(f.name, ".manifest")
		configured = configured || f.name == ConfigName
	}
	options := [][2]string{{"dbfilename", "dump.rdb"}, {"appendonly", "no"}}
	if !snapshot {
		options = [][2]string{{"appendonly", "yes"}}
	}
	tried := vfs.New(vfs.Options{})
	err := putAll(tried, files)
	if err == nil {
		err = h.try(tried, options)
	}
	if err != nil {
		h.fail(c, call, err)
		return
	}
	if config, missing := vfs.ReadFile(h.disk, ConfigName); !configured && missing == nil {
		files = append(files, named{ConfigName, config})
	}
	h.setAside()
	_ = putAll(h.disk, files) // as it was put on the other
	h.disk.SyncAll()
	h.attach()
	h.start(options...)
	h.afterLoad = append(h.afterLoad, func() {
		done := func([]byte) { h.answer(c, call, h.state().Append(nil)) }
		if h.engine == nil || !snapshot || !h.wantsAOF() {
			done(nil)
			return
		}
		h.run(done, "CONFIG", "SET", "appendonly", "yes")
	})
}

// try loads files on a server that nobody sees.
func (h *Host) try(disk *vfs.Disk, options [][2]string) error {
	engine, err := server.Open(h.now(), server.Options{FS: disk, Config: append([][2]string{{"save", ""}}, options...)})
	if err != nil {
		return err
	}
	for now := h.now(); engine.Running() && engine.Loading(); now++ {
		disk.Advance(now)
		engine.Step(now)
	}
	if !engine.Running() {
		return cmp.Or(engine.Failure(), errors.New("the files could not be loaded"))
	}
	return nil
}

func putAll(disk *vfs.Disk, files []named) error {
	for _, f := range files {
		if dir := path.Dir(f.name); dir != "." {
			if err := disk.MakeDir(dir); err != nil && !errors.Is(err, vfs.ErrExist) {
				return err
			}
		}
		if err := put(disk, f.name, f.data); err != nil {
			return err
		}
	}
	return nil
}

func put(disk *vfs.Disk, name string, data []byte) error {
	f, err := disk.OpenFile(name, vfs.Write|vfs.Create|vfs.Truncate)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Close()
}
