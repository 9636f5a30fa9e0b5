//go:build js && wasm

package main

import (
	"math"

	"everysec/engine/event"
	"everysec/engine/resp"
	"everysec/wasm/playground/host"
)

type standin struct {
	readers map[uint64]*resp.Reader
	writers map[uint64]*resp.Writer
	data    map[string][]byte
	ready   []uint64
	dirty   []uint64
	next    uint64
}

func openEngine(now int64, s host.Start) (host.Engine, error) {
	return &standin{readers: map[uint64]*resp.Reader{}, writers: map[uint64]*resp.Writer{}, data: map[string][]byte{}}, nil
}

func (s *standin) Connect(now int64, address string) uint64 {
	s.next++
	s.readers[s.next] = &resp.Reader{}
	s.writers[s.next] = &resp.Writer{Protocol: 2}
	return s.next
}
func (s *standin) Disconnect(now int64, id uint64) { delete(s.readers, id) }
func (s *standin) Receive(id uint64, data []byte) {
	s.readers[id].Feed(data)
	s.dirty = append(s.dirty, id)
}

func (s *standin) Step(now int64) {
	for _, id := range s.dirty {
		r, w := s.readers[id], s.writers[id]
		for {
			args, ok, err := r.Next()
			if err != nil || !ok {
				break
			}
			switch string(args[0]) {
			case "SET":
				s.data[string(args[1])] = append([]byte(nil), args[2]...)
				w.SimpleString("OK")
			case "GET":
				if v, ok := s.data[string(args[1])]; ok {
					w.Bulk(v)
				} else {
					w.Null()
				}
			case "PING":
				w.SimpleString("PONG")
			case "PANIC":
				panic("x")
			case "DEEP":
				w.Int(int64(deep(1)))
			default:
				w.Error("ERR unknown command")
			}
		}
		s.ready = append(s.ready, id)
	}
	s.dirty = s.dirty[:0]
}

func deep(n int) int { return deep(n+1) + 1 }

func (s *standin) OutputReady() []uint64 {
	r := s.ready
	s.ready = nil
	return r
}

func (s *standin) Output(id uint64) ([]byte, bool) {
	w := s.writers[id]
	b := append([]byte(nil), w.Bytes()...)
	w.Reset()
	return b, false
}
func (s *standin) NextWake() int64      { return math.MaxInt64 }
func (s *standin) Loading() bool        { return false }
func (s *standin) Running() bool        { return true }
func (s *standin) Failure() string      { return "" }
func (s *standin) Drain(b *event.Batch) {}
func (s *standin) Resync()              {}
func (s *standin) Keys(visit func(db int, key []byte, digest uint64, expireAt int64)) {
	for k, v := range s.data {
		visit(0, []byte(k), uint64(len(v)), 0)
	}
}
