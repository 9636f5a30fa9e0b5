package server

import "everysec/engine/vfs"

// appendBuffer is what the append-only file is to get. While the disk is busy
// that can be tens of megabytes, and to move or to write so many at once would
// hold the thread: so it is pieces that stay where they are, and they can be
// written a few at a time. A unit lies in one piece: after any piece the file
// ends behind a whole command or transaction.
type appendBuffer struct {
	pieces [][]byte
	size   int // bytes in pieces
	room   int // bytes that pieces take
}

// appendPiece is how many bytes a piece takes, if no unit is longer.
const appendPiece = 256 << 10

// piece is what a unit of about so many bytes is to be appended to. What comes
// of that goes to added.
func (b *appendBuffer) piece(about int) []byte {
	n := len(b.pieces) - 1
	if n >= 0 && (len(b.pieces[n]) == 0 || len(b.pieces[n])+about <= appendPiece) {
		return b.pieces[n]
	}
	var piece []byte
	if n >= 0 { // there is more to come: no more small steps
		piece = make([]byte, 0, max(about, appendPiece))
		b.room += cap(piece)
	}
	b.pieces = append(b.pieces, piece)
	return piece
}

func (b *appendBuffer) added(piece []byte) {
	last := &b.pieces[len(b.pieces)-1]
	b.size += len(piece) - len(*last)
	b.room += cap(piece) - cap(*last)
	*last = piece
}

// writeTo moves pieces to a file until atLeast bytes have gone or nothing is
// left, and returns how many went. Of a piece that the file does not take whole
// short is what it took; all of that piece is still here.
func (b *appendBuffer) writeTo(f vfs.File, atLeast int) (gone, short int, err error) {
	i := 0
	for ; i < len(b.pieces) && gone < atLeast; i++ {
		if short, err = f.Write(b.pieces[i]); err != nil {
			break
		}
		gone, short = gone+short, 0
	}
	b.drop(i)
	return gone, short, err
}

// drop forgets the first pieces; the memory of one is kept.
func (b *appendBuffer) drop(count int) {
	if count == 0 {
		return
	}
	spare := b.pieces[0][:0]
	for i, p := range b.pieces[:count] {
		b.size, b.room = b.size-len(p), b.room-cap(p)
		b.pieces[i] = nil
	}
	b.pieces = append(b.pieces[:0], b.pieces[count:]...)
	if len(b.pieces) == 0 && cap(spare) <= appendPiece {
		b.pieces, b.room = append(b.pieces, spare), cap(spare)
	}
}

// cut forgets the first n bytes of the first piece.
func (b *appendBuffer) cut(n int) {
	p := b.pieces[0]
	b.pieces[0] = append(p[:0], p[n:]...)
	b.size -= n
}

func (b *appendBuffer) reset() { b.drop(len(b.pieces)) }
