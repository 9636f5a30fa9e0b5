package streams_test

import (
	"testing"

	"everysec/engine/resp"
	"everysec/engine/servertest"
)

// Commands a hundred at a time, as a client that does not wait sends them.
func BenchmarkPipeline(b *testing.B) {
	for _, command := range [][]string{
		{"SET", "k", "value"},
		{"XADD", "s", "*", "field", "value", "name", "1234"},
		{"XADD", "capped", "MAXLEN", "~", "1000", "*", "field", "value", "name", "1234"},
		{"XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", "s", ">"},
	} {
		b.Run(command[0]+" "+command[2], func(b *testing.B) {
			s := servertest.New(b)
			c := s.Client()
			one := make([][]byte, len(command))
			for i, w := range command {
				one[i] = []byte(w)
			}
			var batch []byte
			for range 100 {
				batch = resp.AppendCommand(batch, one...)
			}
			if command[0] == "XREADGROUP" {
				for range 20000 {
					c.Send("XADD", "s", "*", "field", "value", "name", "1234")
				}
				c.Send("XGROUP", "CREATE", "s", "g", "0")
				s.Settle()
				s.Output(c.ID)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; n += 100 {
				s.Receive(c.ID, batch)
				s.Step(s.Now)
				s.Output(c.ID)
			}
		})
	}
}
