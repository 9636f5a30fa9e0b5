package app

import "everysec/wasm/bridge"

// Dispatcher hands messages to a model, one after the other, and carries out what
// follows from each: what concerns the engine by its connection, everything else
// by the page's own means.
type Dispatcher struct {
	Model *Model
	Conn  *bridge.Conn
	Page  func(Effect) // Download, Save, SaveHistory, Go and Say

	queue []Message
	busy  bool
}

// Dispatch updates the model and performs the effects. A message that comes
// meanwhile waits for its turn.
func (d *Dispatcher) Dispatch(m Message) {
	d.queue = append(d.queue, m)
	if d.busy {
		return
	}
	d.busy = true
	for len(d.queue) > 0 {
		next := d.queue[0]
		d.queue = d.queue[1:]
		for _, e := range d.Model.Update(next) {
			d.Perform(e)
		}
	}
	d.busy = false
}

// Perform carries out one effect.
func (d *Dispatcher) Perform(effect Effect) {
	switch e := effect.(type) {
	case Connect:
		d.Dispatch(Connected{Console: e.Console, Client: d.Conn.Connect(e.Address)})
	case Disconnect:
		d.Conn.Disconnect(e.Client)
	case Send:
		d.Conn.Send(e.Client, e.Data)
	case Control:
		d.Conn.Control(e.Op, e.Payload, func(data []byte, err error) {
			d.Dispatch(e.Answer(data, err))
		})
	default:
		d.Page(effect)
	}
}
