package browsertest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestScreenshots writes pictures of the page for the README and for eyes:
// `make screenshots`. Without SCREENSHOTS it checks that a picture can be
// taken and shows something.
func TestScreenshots(t *testing.T) {
	dir := t.TempDir()
	if os.Getenv("SCREENSHOTS") != "" {
		dir = "screenshots"
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b := launch(t, t.TempDir(), site(t))
	b.open("/?store=memory:&seed=7")
	b.eval(`everysec.pipeline(Array.from({length: 300}, (_, i) => ["SET", "user:" + i, "x".repeat(i * 7 % 900), "EX", String(60 + i)]))`, nil)
	for _, view := range []struct {
		name          string
		width, height int64
	}{{"wide", 1440, 900}, {"narrow", 390, 844}} {
		var picture []byte
		b.run(chromedp.EmulateViewport(view.width, view.height), chromedp.Sleep(time.Second), chromedp.CaptureScreenshot(&picture))
		if len(picture) < 10_000 {
			t.Errorf("%s: a picture of %d bytes shows nothing", view.name, len(picture))
		}
		if err := os.WriteFile(filepath.Join(dir, view.name+".png"), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
