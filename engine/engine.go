// Package engine is the doorway for Go programs: open a database, do commands,
// close it. The whole engine is a state machine without clock, goroutine or
// socket; this is the smallest host for it.
//
// To read the engine from here: command (one row a command), commands (what
// they do), keyspace and object (where values lie), server (the event loop,
// persistence), vfs (the disk and its crashes).
package engine

import (
	"errors"
	"fmt"

	"everysec/engine/resp"
	"everysec/engine/server"
	"everysec/engine/vfs"
)

// Options are how a database is opened.
type Options struct {
	// FS is where dump.rdb and the append-only files are; nil: a disk in
	// memory that nobody else sees.
	FS vfs.FS
	// Now tells the time in microseconds since 1970. It must be given: the
	// engine has no clock.
	Now func() int64
	// Seed makes every random choice: equal seeds and equal input give equal
	// files.
	Seed uint64
	// Config are directives as in redis.conf: {"appendonly", "yes"}.
	Config [][2]string
	// Idle is called while the database waits for the disk, so that a host
	// can let the disk work or time pass, and while a script goes on, which
	// KillScript may end. nil is right for a disk that is done at once.
	Idle func()
}

// DB is an open database with one client.
type DB struct {
	server *server.Server
	now    func() int64
	idle   func()
	client uint64
	in     []byte
}

// ErrClosed is the error of a database that has been shut down.
var ErrClosed = errors.New("the database is closed")

// Open opens a database and loads what its files hold.
func Open(o Options) (*DB, error) {
	if o.Now == nil {
		return nil, errors.New("open: Options.Now is missing")
	}
	if o.FS == nil {
		o.FS = vfs.New(vfs.Options{})
	}
	if o.Idle == nil {
		o.Idle = func() {}
	}
	s, err := server.Open(o.Now(), server.Options{FS: o.FS, Seed: o.Seed, Config: o.Config})
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	db := &DB{server: s, now: o.Now, idle: o.Idle}
	for s.Running() && (s.Loading() || s.Held()) {
		db.step()
	}
	if !s.Running() {
		return nil, fmt.Errorf("open: %w", s.Failure())
	}
	db.client = s.Connect(o.Now(), "127.0.0.1:0")
	return db, nil
}

func (db *DB) step() {
	db.server.Step(db.now())
	if db.server.Held() || db.server.Loading() || db.server.Busy() {
		db.idle()
	}
}

// Do runs one command and returns its reply. An error reply is a value, not an
// error; the error is about the database itself. A command that blocks, and
// one that replies several times (SUBSCRIBE), are not for Do.
func (db *DB) Do(args ...string) (resp.Value, error) {
	if !db.server.Running() {
		return resp.Value{}, ErrClosed
	}
	words := make([][]byte, len(args))
	for i, a := range args {
		words[i] = []byte(a)
	}
	db.server.Receive(db.client, resp.AppendCommand(nil, words...))
	for {
		db.step()
		out, closed := db.server.Output(db.client)
		db.in = append(db.in, out...)
		v, n, err := resp.Parse(db.in)
		if err != nil {
			return v, fmt.Errorf("reply to %q: %w", args[0], err)
		}
		if n > 0 {
			db.in = db.in[n:]
			return v, nil
		}
		if closed || !db.server.Running() {
			if err := db.server.Failure(); err != nil {
				return resp.Value{}, fmt.Errorf("%w: %w", ErrClosed, err)
			}
			return resp.Value{}, ErrClosed
		}
	}
}

// KillScript ends the script that runs, as SCRIPT KILL does, and is called from
// Options.Idle. It tells whether there was one that had written nothing.
func (db *DB) KillScript() bool { return db.server.KillScript() }

// Close shuts the database down as SHUTDOWN does: the append-only file is
// synced, a snapshot is saved if save points are set. If that fails the
// database stays open.
func (db *DB) Close() error {
	if !db.server.Running() {
		return ErrClosed
	}
	db.server.RequestShutdown("")
	db.step()
	for db.server.Running() && db.server.Held() {
		db.step()
	}
	switch {
	case db.server.Running():
		return errors.New("close: the data could not be saved, the database stays open")
	case db.server.ExitCode() != 0:
		return fmt.Errorf("close: exit code %d: %w", db.server.ExitCode(), db.server.Failure())
	}
	return nil
}
