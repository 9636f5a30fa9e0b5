package host

import (
	"encoding/binary"
	"hash/crc32"
)

// archive builds a zip file whose entries are stored as they are: what it
// holds is compressed already or small, and a compressor would cost every
// first visit more than it saves. No zip64: entries stay below 4 GiB.
type archive struct {
	b       []byte
	central []byte
	count   int
}

// Every entry carries 1980-01-01, the first day a zip can name: the same
// files make the same zip.
const zipDate = 1<<5 | 1

func (z *archive) add(name string, data []byte) {
	at := len(z.b)
	le := binary.LittleEndian
	var common []byte
	common = le.AppendUint16(common, 20)    // version needed: 2.0
	common = le.AppendUint16(common, 1<<11) // names are UTF-8
	common = le.AppendUint16(common, 0)     // stored
	common = le.AppendUint16(common, 0)     // time
	common = le.AppendUint16(common, zipDate)
	common = le.AppendUint32(common, crc32.ChecksumIEEE(data))
	common = le.AppendUint32(common, uint32(len(data)))
	common = le.AppendUint32(common, uint32(len(data)))
	common = le.AppendUint16(common, uint16(len(name)))
	common = le.AppendUint16(common, 0) // no extra field

	z.b = append(z.b, "PK\x03\x04"...)
	z.b = append(z.b, common...)
	z.b = append(z.b, name...)
	z.b = append(z.b, data...)

	z.central = append(z.central, "PK\x01\x02"...)
	z.central = le.AppendUint16(z.central, 20) // made by
	z.central = append(z.central, common...)
	z.central = append(z.central, make([]byte, 2+2+2+4)...) // comment, disk, attributes
	z.central = le.AppendUint32(z.central, uint32(at))
	z.central = append(z.central, name...)
	z.count++
}

func (z *archive) finish() []byte {
	le := binary.LittleEndian
	at := len(z.b)
	z.b = append(z.b, z.central...)
	z.b = append(z.b, "PK\x05\x06\x00\x00\x00\x00"...)
	z.b = le.AppendUint16(z.b, uint16(z.count))
	z.b = le.AppendUint16(z.b, uint16(z.count))
	z.b = le.AppendUint32(z.b, uint32(len(z.central)))
	z.b = le.AppendUint32(z.b, uint32(at))
	return le.AppendUint16(z.b, 0)
}
