package browsertest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// TestScreenshots takes a picture of every view, on a desktop and on a phone, in
// light and dark, for eyes to review: `make screenshots` keeps them in
// screenshots/, and those of the README in web/. Otherwise it checks, on a
// desktop, that there is something to be seen.
func TestScreenshots(t *testing.T) {
	t.Parallel()
	keep := os.Getenv("SCREENSHOTS") != ""
	dir := t.TempDir()
	if keep {
		dir = "screenshots"
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l := arrive(t)
	l.size(1440, 900)
	l.prefers("prefers-color-scheme", "light")
	l.fill()
	l.eval(`everysec.pipeline(Array.from({length: 36}, (_, i) => ["SET", "session:" + i, "x".repeat(40 + i * 17), "EX", String(400 + i * 20)]))`, nil)
	l.eval(`everysec.command("BGSAVE")`, nil)
	for _, line := range []string{"SET lock token-A NX EX 300", "GET lock", "LRANGE queue:mail 0 2", "OBJECT ENCODING board"} {
		l.types("redis", line)
	}
	// The pictures of the README, by the view that they show.
	readme := map[string]string{"keys": "page.png", "account": "crash.png", "past": "time.png"}
	eachView(t, l, func(t *testing.T, v view) {
		name := strings.ReplaceAll(v.name, " ", "-")
		l.shoot(filepath.Join(dir, name+"-desktop-light.png"), 1)
		if !keep {
			return
		}
		if file := readme[v.name]; file != "" {
			l.shoot(filepath.Join("..", file), 0.6)
		}
		l.prefers("prefers-color-scheme", "dark")
		l.shoot(filepath.Join(dir, name+"-desktop-dark.png"), 1)
		l.size(390, 844)
		l.clicks(`.tabs [data-tab="` + v.tab + `"]`)
		l.shoot(filepath.Join(dir, name+"-phone-dark.png"), 1)
		l.prefers("prefers-color-scheme", "light")
		l.shoot(filepath.Join(dir, name+"-phone-light.png"), 1)
		l.size(1440, 900)
	})
}

// shoot writes what is on the screen.
func (l learner) shoot(file string, scale float64) {
	l.t.Helper()
	time.Sleep(400 * time.Millisecond) // transitions come to their end
	var picture []byte
	l.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		_, _, _, view, _, _, err := page.GetLayoutMetrics().Do(ctx)
		if err != nil {
			return err
		}
		clip := &page.Viewport{X: float64(view.PageX), Y: float64(view.PageY), Width: float64(view.ClientWidth), Height: float64(view.ClientHeight), Scale: scale}
		picture, err = page.CaptureScreenshot().WithClip(clip).Do(ctx)
		return err
	}))
	if len(picture) < 10_000 {
		l.t.Errorf("%s: a picture of %d bytes shows nothing", file, len(picture))
	}
	if err := os.WriteFile(file, picture, 0o644); err != nil {
		l.t.Fatal(err)
	}
}
