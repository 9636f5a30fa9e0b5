// Package rdb reads and writes RDB, the binary snapshot of Redis, and the
// single-value form of it that DUMP and RESTORE exchange.
//
// It is written in the lowest version that can represent the data: 10, which
// Redis 7.0 loads, or 12 if fields of hashes expire. It is read in every version
// from 1 on, also in that of Valkey 9, which goes its own way. What cannot be
// held here (data of modules, types of newer versions) is refused by its name.
// The format is described by Redis's rdb.h and by what redis-check-rdb accepts.
//
// Input is not trusted: no length in a file makes the reader allocate more
// than the file's own bytes justify.
package rdb

import (
	"hash/crc64"
	"strconv"
)

// Version is the version that is written, ExpiryVersion that of a file in which
// fields of hashes expire; MaxVersion is the newest that is read. Valkey's files
// begin with another word, and a version that Redis has not reached.
const (
	Version       = 10
	ExpiryVersion = 12
	MaxVersion    = 14
	valkeyVersion = 80
)

// Types of values.
const (
	typeString    = 0
	typeList      = 1
	typeSet       = 2
	typeZset      = 3
	typeHash      = 4
	typeZset2     = 5
	typeSetIntset = 11
	// before Redis 7
	typeHashZipmap  = 9
	typeListZiplist = 10
	typeZsetZiplist = 12
	typeHashZiplist = 13
	typeQuicklist   = 14
	typeStream      = 15
	typeHashPacked  = 16
	typeZsetPacked  = 17
	typeQuicklist2  = 18
	typeStream2     = 19 // with counters that say how far a group has read
	typeSetPacked   = 20
	typeStream3     = 21 // with the time of a consumer's last success

	// Hashes whose fields expire, of Redis 7.4: as they were written before
	// it came out, and with the earliest time in front.
	typeHashExpiryOld       = 22
	typeHashPackedExpiryOld = 23
	typeHashExpiry          = 24
	typeHashPackedExpiry    = 25

	// Known by name only.
	typeModuleOld = 6
	typeModule    = 7
	typeStream4   = 26
	typeStream5   = 27
	typeArray     = 28

	// What 22 is in a file of Valkey: a hash whose fields expire.
	typeHashValkey = 22
)

// Opcodes between values.
const (
	opFunction2  = 245
	opModuleAux  = 247
	opIdle       = 248
	opFreq       = 249
	opAux        = 250
	opResizeDB   = 251
	opExpireMs   = 252
	opExpire     = 253
	opSelectDB   = 254
	opEOF        = 255
	opUpdate     = 242 // of Valkey
	opKeyMeta    = 243 // in Valkey: a slot that is being imported
	opSlotInfo   = 244
	opFunctionGA = 246
)

// typeNames are those that redis-check-rdb gives the types.
var typeNames = [...]string{
	"string", "list-linked", "set-hashtable", "zset-v1", "hash-hashtable", "zset-v2", "module-pre-release", "module-value", "",
	"hash-zipmap", "list-ziplist", "set-intset", "zset-ziplist", "hash-ziplist", "quicklist", "stream", "hash-listpack",
	"zset-listpack", "quicklist-v2", "stream-v2", "set-listpack", "stream-v3", "hash-hashtable-md-pre-release",
	"hash-listpack-md-pre-release", "hash-hashtable-md", "hash-listpack-md", "stream-v4", "stream-v5", "array",
}

// TypeName is the name of an RDB type, "unknown" if it has none.
func TypeName(kind byte) string {
	if int(kind) < len(typeNames) && typeNames[kind] != "" {
		return typeNames[kind]
	}
	return "unknown"
}

// Length forms: the two highest bits of the first byte.
const (
	length6       = 0
	length14      = 1
	length32      = 0x80
	length64      = 0x81
	lengthSpecial = 3

	specialInt8  = 0
	specialInt16 = 1
	specialInt32 = 2
	specialLZF   = 3
)

// jones is the CRC-64 of Redis: the Jones polynomial, reflected, starting from
// 0 and not inverted, which is how it differs from Go's.
// It is not crc64.MakeTable's, which makes 32 KB of tables for other polynomials
// at once: in the browser whatever is made before main is downloaded.
var jones = func() (table crc64.Table) {
	for i := range table {
		crc := uint64(i)
		for range 8 {
			crc = crc>>1 ^ crc&1*0x95ac9329ac4bc9b5
		}
		table[i] = crc
	}
	return table
}()

func checksum(crc uint64, p []byte) uint64 { return ^crc64.Update(^crc, &jones, p) }

// Error says where in a file something is wrong.
type Error struct {
	Name   string // the file; "" for a DUMP payload
	Offset int64  // bytes from its start
	Reason string
	Log    string // what redis-server writes to its log then; "": nothing of its own
}

func (e *Error) Error() string {
	where := "DUMP payload"
	if e.Name != "" {
		where = e.Name
	}
	return "read RDB " + where + " at offset " + strconv.FormatInt(e.Offset, 10) + ": " + e.Reason
}
