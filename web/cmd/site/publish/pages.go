package publish

// pages adds the page itself.
func (b *Builder) pages(files map[string][]byte) error {
	files["index.html"] = []byte(barePage)
	return nil
}

const barePage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Everysec</title>
<link rel="icon" href="data:,">
<link rel="preload" href="everysec.wasm" as="fetch" crossorigin>
<link rel="preload" href="everysec.js" as="script" crossorigin>
<script type="module" src="boot.js"></script>
<p data-everysec-status></p>
`
