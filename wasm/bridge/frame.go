// Package bridge is the language between a page and the engine in its worker.
//
// Both sides speak in batches: one transferred buffer that holds frames one
// after the other. A page sends requests (connect, input, control, ...), the
// worker answers with output, results and events. Every frame begins with the
// same twelve bytes, little-endian, so that the JavaScript half stays as small
// as this one:
//
//	offset 0  u32  length of the whole frame, these twelve bytes included
//	offset 4  u8   kind
//	offset 5  u8   argument: the operation of a control, the kind of a notice,
//	               1 in an output after which the connection is closed
//	offset 6  u16  zero
//	offset 8  u32  id: the client, or the call a result belongs to
//	offset 12      data
//
// A batch from the worker may be cut nowhere: half a frame is an error.
package bridge

import (
	"encoding/binary"

	"everysec/engine/phrase"
)

// Kind says what a frame is.
type Kind uint8

// Requests, from the page.
const (
	KindConnect    Kind = 1 // ID client, Data its name; the page chooses ids and never uses one twice
	KindDisconnect Kind = 2 // ID client
	KindInput      Kind = 3 // ID client, Data RESP as it would cross a wire
	KindControl    Kind = 4 // ID call, Arg operation, Data its record
	KindCredit     Kind = 5 // ID how many event batches the page is ready to draw
	KindSent       Kind = 6 // Data real time, when the page sent this batch; it wants to be told likewise
)

// Responses, from the worker.
const (
	KindOutput  Kind = 129 // ID client, Data RESP, Arg 1: closed by the server
	KindResult  Kind = 130 // ID call, Data the operation's record
	KindFailure Kind = 131 // ID call, Data why, as text
	KindEvents  Kind = 132 // Data one encoded event batch
	KindNotice  Kind = 133 // Arg what, Data text for people
	KindLeft    Kind = 134 // Data real time, when this batch left the worker; its first frame
)

const headerSize = 12

// MaxFrame bounds one frame: larger inputs are sent in pieces. An imported
// file is the largest thing that crosses.
const MaxFrame = 1 << 30

// Frame is one message. Data aliases the batch it was read from.
type Frame struct {
	Kind Kind
	Arg  uint8
	ID   uint32
	Data []byte
}

// Append adds a frame to a batch.
func Append(batch []byte, f Frame) []byte {
	batch = binary.LittleEndian.AppendUint32(batch, uint32(headerSize+len(f.Data)))
	batch = append(batch, byte(f.Kind), f.Arg, 0, 0)
	batch = binary.LittleEndian.AppendUint32(batch, f.ID)
	return append(batch, f.Data...)
}

// Next reads the first frame of a batch and returns what follows it. It
// reports batches that are cut short or that hold an impossible length;
// unknown kinds are the reader's to ignore.
func Next(batch []byte) (f Frame, rest []byte, err error) {
	if len(batch) < headerSize {
		return f, nil, phrase.Errorf("bridge: frame header cut short: %d of %d bytes", len(batch), headerSize)
	}
	n := binary.LittleEndian.Uint32(batch)
	if n < headerSize || n > MaxFrame || uint64(n) > uint64(len(batch)) {
		return f, nil, phrase.Errorf("bridge: frame of %d bytes in a batch with %d left", n, len(batch))
	}
	f = Frame{
		Kind: Kind(batch[4]),
		Arg:  batch[5],
		ID:   binary.LittleEndian.Uint32(batch[8:]),
		Data: batch[headerSize:n:n],
	}
	return f, batch[n:], nil
}

// AppendTime adds a moment, in microseconds since 1970.
func AppendTime(batch []byte, kind Kind, wall int64) []byte {
	return Append(batch, Frame{Kind: kind, Data: Record(nil).Int(wall)})
}

// TimeSize is how long such a frame is.
const TimeSize = headerSize + 8

// AppendOutput adds what a client is to receive.
func AppendOutput(batch []byte, client uint32, data []byte, closed bool) []byte {
	f := Frame{Kind: KindOutput, ID: client, Data: data}
	if closed {
		f.Arg = 1
	}
	return Append(batch, f)
}
