package rdb

// What modules have put into a file. Without its module such data means
// nothing, but since Redis 4.0 it can be stepped over: each piece begins with
// what it is. A server refuses it, as Redis does; Check steps over it.

// Pieces of a module's data.
const (
	moduleEnd    = 0
	moduleSigned = 1
	moduleCount  = 2
	moduleFloat  = 3
	moduleDouble = 4
	moduleString = 5
)

// moduleAlphabet are the characters of a module type's name, 6 bits each.
const moduleAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// moduleName is the name within the ID of a module's type: nine characters
// before ten bits for the version of what the module writes.
func moduleName(id uint64) string {
	var name [9]byte
	id >>= 10
	for i := len(name) - 1; i >= 0; i-- {
		name[i] = moduleAlphabet[id&63]
		id >>= 6
	}
	return string(name[:])
}

// module reads whose data follows, and steps over it if that is allowed.
func (d *decoder) module(aux bool) error {
	at := d.at
	id, err := d.plainLength()
	if err != nil {
		return err
	}
	name := moduleName(id)
	if d.skipped == nil {
		if aux {
			return &Error{
				d.name, at, "the file holds AUX data of the module type '" + name + "', and modules cannot be loaded here",
				"The RDB file contains AUX module data I can't load: no matching module '" + name + "'",
			}
		}
		return &Error{
			d.name, at, "the value is of the module type '" + name + "', and modules cannot be loaded here",
			"The RDB file contains module data I can't load: no matching module type '" + name + "'",
		}
	}
	if aux {
		kind, err := d.plainLength()
		if err != nil {
			return err
		}
		if _, err := d.plainLength(); err != nil { // before or after the keys
			return err
		}
		if kind != moduleCount {
			return d.fail("bad when_opcode")
		}
		d.skipped(name)
	}
	for {
		piece, err := d.plainLength()
		if err != nil {
			return err
		}
		switch piece {
		case moduleEnd:
			return nil
		case moduleSigned, moduleCount:
			_, err = d.plainLength()
		case moduleFloat:
			_, err = d.take(4)
		case moduleDouble:
			_, err = d.take(8)
		case moduleString:
			_, err = d.string()
		default:
			return d.fail("a module's data holds a piece of an unknown kind")
		}
		if err != nil {
			return err
		}
	}
}
