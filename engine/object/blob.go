package object

import "everysec/engine/ds/arena"

// A blob is a string of any bytes in one arena block: its length in four
// bytes, then the bytes. String values and hash values are blobs.

func (s *Store) newBlob(b []byte, room int) arena.Ref {
	r := s.Arena.Alloc(max(room, len(b)) + stringHeader)
	block := s.Arena.Bytes(r)
	putLength(block, len(b))
	copy(block[stringHeader:], b)
	return r
}

func blobLength(block []byte) int {
	_ = block[3]
	return int(uint32(block[0]) | uint32(block[1])<<8 | uint32(block[2])<<16 | uint32(block[3])<<24)
}

func blobBytes(block []byte) []byte {
	return block[stringHeader : stringHeader+blobLength(block)]
}

func putLength(block []byte, n int) {
	_ = block[3]
	block[0], block[1], block[2], block[3] = byte(n), byte(n>>8), byte(n>>16), byte(n>>24)
}
