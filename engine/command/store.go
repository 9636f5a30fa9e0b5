package command

import (
	"everysec/engine/config"
	"everysec/engine/object"
)

// StoreCollection ends a command that keeps what it computed under a key
// (SINTERSTORE, ZRANGESTORE, ...): the value takes the place of what the key
// held, its expiry included, and the reply is the number of elements. Where
// there is none the key goes. The value is the keyspace's from now on.
func (c *Context) StoreCollection(key []byte, v object.Value, class config.NotifyClass, event string) {
	n := c.Objects().Len(&v)
	if n > 0 {
		c.Changed(key, c.DB.Set(key, v, false), class, event)
		c.Reply.Int(int64(n))
		return
	}
	c.Objects().Free(&v)
	c.StoreNothing(key)
}

// StoreNothing is StoreCollection of an empty result.
func (c *Context) StoreNothing(key []byte) {
	if c.DB.Delete(key, c.Config.LazyFreeLazyServerDel) {
		c.Changed(key, nil, config.NotifyGeneric, "del")
	}
	c.Reply.Int(0)
}
