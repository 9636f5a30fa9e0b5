package play_test

import (
	"os"
	"path/filepath"
	"testing"

	"everysec/lessons"
	"everysec/lessons/markdown"
	"everysec/lessons/play"
)

// A setup makes a world: commands, an RDB, clients of which one is frozen, one is
// dead and one is in a transaction, and a clock that has moved. The step that
// follows finds all of it, on the engine and on a redis-server.
const world = front + `## World {#world}

` + "```setup" + `
!load shop.rdb
> SET greeting hello EX 100
worker-A> SELECT 3
worker-A> SET mine a
worker-B> MULTI
worker-B> INCR orders
worker-C> SELECT 5
!kill worker-C
!pause worker-A
!clock advance 40s
!fill 20 keys name=more:
` + "```" + `

` + "```redis" + `
> GET stock
"17"
> TTL greeting
(integer) 60
> DBSIZE
(integer) 22
worker-B> EXEC
1) (integer) 1
!resume worker-A
worker-A> GET mine
"a"
worker-C> GET stock
"17"
` + "```" + `

` + "```check" + `
value stock == 18
config appendonly == yes
` + "```" + `

` + "```solution" + `
> INCR stock
` + "```" + `
`

func TestASetupMakesAWorld(t *testing.T) {
	l, err := markdown.Parse("lesson.md", []byte(world))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	maker, err := play.StartRedis(l, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"SET stock 17", "SAVE"} {
		if reply, err := maker.Command("redis", line); reply != "OK\n" {
			t.Fatal(reply, err)
		}
	}
	if err := maker.Close(); err != nil {
		t.Fatal(err)
	}
	snapshot, err := os.ReadFile(filepath.Join(dir, "dump.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	l.Extras = []lessons.Extra{{Name: "shop.rdb", Data: snapshot}}

	engine, err := play.NewEngine(l)
	if err != nil {
		t.Fatal(err)
	}
	redis, err := play.StartRedis(l, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer redis.Close()
	for name, w := range map[string]play.World{"the engine": engine, "redis-server": redis} {
		report, err := play.Play("lesson.md", l, w)
		for _, f := range report.Failures {
			t.Errorf("%s: %v", name, f)
		}
		if err != nil || report.Replies != 6 || report.Skipped > 0 {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
}
