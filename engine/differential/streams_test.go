package differential

import (
	"strconv"

	"everysec/engine/resp"
)

func streamKey(g *generator) string {
	if g.r.IntN(40) == 0 {
		return g.key(g.pick("s", "l", "none"))
	}
	return "stream" + strconv.Itoa(1+g.r.IntN(3))
}

func newID(g *generator) string {
	g.streamClock += g.r.IntN(2)
	ms := strconv.Itoa(g.streamClock)
	switch g.r.IntN(12) {
	case 0:
		return streamID(g)
	case 1, 2:
		return ms
	case 3, 4, 5:
		return ms + "-*"
	}
	return ms + "-" + strconv.Itoa(g.r.IntN(9))
}

func streamID(g *generator) string {
	ms := strconv.Itoa(max(g.streamClock+5-g.r.IntN(30), 0))
	switch g.r.IntN(24) {
	case 0:
		return g.pick("0", "0-0", "0-1", "-", "+", "$", ">", "", "1-", "-1", "1-1-1", "x", "1-x", "18446744073709551615", "18446744073709551616",
			"18446744073709551615-18446744073709551615", "1-18446744073709551615", " 1", "01-1", "1-*", "(1", "1\x00-2", "+1-1")
	case 1, 2:
		return ms
	case 3, 4:
		return "0"
	}
	return ms + "-" + strconv.Itoa(g.r.IntN(9))
}

func streamEdge(g *generator) string {
	switch g.r.IntN(5) {
	case 0:
		return "-"
	case 1:
		return "+"
	case 2:
		return "(" + streamID(g)
	}
	return streamID(g)
}

func streamNode(g *generator) string { return strconv.Itoa([]int{0, 1, 2, 5, 20, 100}[g.r.IntN(6)]) }

func streamGroup(g *generator) string {
	return g.pick("g1", "g1", "g1", "g2", "g2", "g10", "g", "", "idle\x00\r\n")
}

func streamConsumer(g *generator) string {
	return g.pick("c1", "c1", "c2", "c3", "c", "", "consumer of a long name", "12345")
}

// Idle times are so far from each other that what has passed does not matter.
func minIdle(g *generator) string {
	return g.pick("0", "0", "0", "500000", "2000000", "-1", "x")
}

func streamTime(g *generator) string { return g.pick("1", "1600000000000", "9600000000000", "-5", "x") }

var streamShapes = splitLines(`
XADD %stream %newid %f %v
XADD %stream %newid %f %v
XADD %stream %newid f1 %v f2 %v
XADD %stream %newid f1 %v f2 %v
XADD %stream %newid %f~%v+
XADD %stream ?NOMKSTREAM ?MAXLEN_%i|MAXLEN_~_%p|MAXLEN_=_%p|MINID_%streamid|MINID_~_%streamid|MINID_=_%streamid ?LIMIT_%i %newid %f %v
XADD %stream MAXLEN ~ %p LIMIT %p %newid %f %v
XADD %stream ?NOMKSTREAM %newid %f %v
XADD %future 5000000000000-* %f %v
XADD %future NOMKSTREAM * %f %v
XADD %future NOMKSTREAM MAXLEN ~ %p * %f %v
XRANGE %future - + COUNT 3
XREVRANGE %future + -
DUMP %future
DEL %future
XSETID %future 5000000000000-%p
XLEN %stream
XRANGE %stream %streamedge %streamedge ?COUNT_%i
XRANGE %stream - +
XREVRANGE %stream %streamedge %streamedge ?COUNT_%i
XREVRANGE %stream + - COUNT 3
XTRIM %stream MAXLEN|MINID ?~|= %streamid ?LIMIT_%i
XTRIM %stream MAXLEN ?~|= %p
XTRIM %stream MAXLEN ~ %i LIMIT %i
XTRIM %stream MINID ?~|= %streamid
XDEL %stream %streamid+
XDEL %stream %streamid
XSETID %stream %streamid ?ENTRIESADDED_%i|ENTRIESADDED_10000 ?MAXDELETEDID_%streamid
XREAD ?COUNT_%i STREAMS %stream %streamid
XREAD ?COUNT_%i STREAMS %stream %stream %streamid $
XREAD COUNT %i BLOCK 1 STREAMS %stream $
XREAD ?GROUP_%streamgroup_%streamconsumer ?NOACK STREAMS %stream %streamid|>
XREADGROUP GROUP %streamgroup %streamconsumer ?COUNT_%i STREAMS %stream >
XREADGROUP GROUP %streamgroup %streamconsumer ?COUNT_%p STREAMS %stream >
XREADGROUP GROUP %streamgroup %streamconsumer ?COUNT_%i ?NOACK STREAMS %stream >
XREADGROUP GROUP %streamgroup %streamconsumer ?COUNT_%i ?NOACK STREAMS %stream %stream > >
XREADGROUP GROUP %streamgroup %streamconsumer ?COUNT_%i ?NOACK STREAMS %stream %streamid
XREADGROUP GROUP %streamgroup %streamconsumer ?COUNT_%i STREAMS %stream 0
XREADGROUP COUNT %i BLOCK 1 GROUP %streamgroup %streamconsumer STREAMS %stream >
XGROUP CREATE %stream %streamgroup 0|$|%streamid ?MKSTREAM ?ENTRIESREAD_%i
XGROUP CREATE %stream %streamgroup 0|$
XGROUP SETID %stream %streamgroup 0|$|%streamid|%streamedge ?ENTRIESREAD_%i
XGROUP DESTROY %stream %streamgroup
XGROUP CREATECONSUMER %stream %streamgroup %streamconsumer
XGROUP DELCONSUMER %stream %streamgroup %streamconsumer
XGROUP FOO|SETID|CREATE %stream %streamgroup
XACK %stream %streamgroup %streamid+
XACK %stream %streamgroup %streamid
XCLAIM %stream %streamgroup %streamconsumer %minidle %streamid+ ?IDLE_1000000|IDLE_%n|TIME_%streamtime ?RETRYCOUNT_%i ?FORCE ?JUSTID ?LASTID_%streamid
XCLAIM %stream %streamgroup %streamconsumer %minidle %streamid ?IDLE_1000000|TIME_%streamtime
XCLAIM %stream %streamgroup %streamconsumer 0 %streamid %streamid %streamid FORCE ?JUSTID
XAUTOCLAIM %stream %streamgroup %streamconsumer %minidle %streamid|0|%streamedge ?COUNT_%i ?JUSTID
XAUTOCLAIM %stream %streamgroup %streamconsumer 0 0 COUNT %p
XPENDING %stream %streamgroup
XPENDING %stream %streamgroup ?IDLE_%minidle %streamedge %streamedge %i ?%streamconsumer
XPENDING %stream %streamgroup - + 100
XINFO STREAM %stream
XINFO STREAM %stream FULL ?COUNT_%i
XINFO GROUPS %stream
XINFO CONSUMERS %stream %streamgroup
XINFO FOO|STREAM|GROUPS %stream %streamgroup
DEL %stream
UNLINK %stream
RENAME %stream %stream
COPY %stream %stream ?REPLACE
TYPE %stream
OBJECT ENCODING %stream
WATCH %stream
SCAN 0 COUNT 1000 TYPE stream
CONFIG SET stream-node-max-entries %streamnode
CONFIG SET stream-node-max-bytes 0|4096|4096|65536
COMMAND GETKEYS XREAD COUNT 2 STREAMS %stream %stream 0 0
COMMAND GETKEYS XREADGROUP GROUP g c STREAMS %stream >
GET %stream
LPUSH %stream x
`)

func init() {
	families = append(families, streamShapes)
	for word, draw := range map[string]func(g *generator) string{
		"stream": streamKey, "newid": newID, "streamid": streamID, "streamedge": streamEdge, "streamnode": streamNode,
		"streamgroup": streamGroup, "streamconsumer": streamConsumer, "minidle": minIdle, "streamtime": streamTime,
		"future": func(g *generator) string { return g.key("future") },
	} {
		familyWords[word] = draw
	}
}

// sameStreams compares what XINFO and XPENDING say, with a tolerance where they
// tell times.
func sameStreams(command string, want, got resp.Value) bool {
	if want.Kind != got.Kind || len(want.Elems) != len(got.Elems) {
		return false
	}
	if len(want.Elems) == 0 {
		return describe(want) == describe(got)
	}
	for i, w := range want.Elems {
		g, before := got.Elems[i], ""
		if i > 0 {
			before = string(want.Elems[i-1].Str)
		}
		timed := before == "idle" || before == "seen-time" || // of a consumer
			// of a pending entry: ID, consumer (or not), time, deliveries
			i == len(want.Elems)-2 && i >= 1 && i <= 2 && w.Kind == resp.Integer && want.Elems[i+1].Kind == resp.Integer
		switch {
		case timed:
			if difference := w.Int - g.Int; difference < -5000 || difference > 5000 {
				return false
			}
		case !sameStreams(command, w, g):
			return false
		}
	}
	return true
}
