package browsertest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestScreenshots writes pictures of the page for the README and for eyes:
// `make screenshots`. Without SCREENSHOTS it checks that the pictures can be
// taken and show something.
func TestScreenshots(t *testing.T) {
	dir := t.TempDir()
	if os.Getenv("SCREENSHOTS") != "" {
		dir = "screenshots"
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l := arrive(t)
	take := func(name string) {
		var picture []byte
		l.run(chromedp.Sleep(500*time.Millisecond), chromedp.CaptureScreenshot(&picture))
		if len(picture) < 10_000 {
			t.Errorf("%s: a picture of %d bytes shows nothing", name, len(picture))
		}
		if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	size := func(width, height int64) { l.run(chromedp.EmulateViewport(width, height)) }
	scheme := func(value string) {
		l.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}}))
	}
	size(1440, 900)
	scheme("light")
	l.eval(`everysec.pipeline([
		["HSET", "user:1", "name", "Ada", "city", "London"], ["HSET", "user:2", "name", "Grace"],
		["RPUSH", "queue:mail", ...Array.from({length: 40}, (_, i) => "job " + i)],
		["ZADD", "board", "120", "ada", "95", "grace", "80", "edsger"], ["SADD", "tags", "redis", "locks", "fsync"],
		...Array.from({length: 36}, (_, i) => ["SET", "session:" + i, "x".repeat(40 + i * 17), "EX", String(40 + i * 20)])])`, nil)
	time.Sleep(1500 * time.Millisecond)
	l.eval(`everysec.command("BGSAVE")`, nil)
	time.Sleep(500 * time.Millisecond)
	for _, line := range []string{"SET lock token-A NX EX 30", "GET lock", "LRANGE queue:mail 0 2", "OBJECT ENCODING board"} {
		l.types("redis", line)
		time.Sleep(200 * time.Millisecond)
	}
	take("wide-light")
	scheme("dark")
	take("wide-dark")
	size(390, 844)
	for _, tab := range []string{"lesson", "work", "durability", "watch"} {
		l.run(chromedp.Click(`.tabs [data-tab="` + tab + `"]`))
		scheme("light")
		take("narrow-" + tab + "-light")
		scheme("dark")
		take("narrow-" + tab + "-dark")
	}
	size(1440, 900)
	scheme("light")
	l.types("redis", "SET order:1 paid")
	l.run(chromedp.Click(`button.crash[data-crash="2"]`, chromedp.ByQuery))
	l.sees("the server is down", `document.querySelector("#account-title").textContent.includes("the server is down")`)
	take("wide-down-light")
	l.run(chromedp.Click("#restart", chromedp.ByQuery))
	l.sees("what came back", `document.querySelector("#account-title").textContent.includes("what came back")`)
	take("wide-crash-light")
	scheme("dark")
	take("wide-crash-dark")
	size(390, 844)
	l.run(chromedp.Click(`.tabs [data-tab="durability"]`))
	l.eval(`document.querySelector("#account").scrollIntoView({behavior: "instant"})`, nil)
	take("narrow-crash-dark")
	scheme("light")
	take("narrow-crash-light")
	size(1440, 900)
	l.eval(`document.querySelector("#lesson fieldset").scrollIntoView({behavior: "instant"})`, nil)
	take("wide-quiz-light")
}
