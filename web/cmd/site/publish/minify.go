package publish

import (
	"fmt"
	"path"

	"github.com/evanw/esbuild/pkg/api"
)

// minified is a script or style sheet without what only people read. Names at
// the top of a script stay: others are put beside it in one file.
func minified(name string, source []byte) ([]byte, error) {
	loader := api.LoaderJS
	if path.Ext(name) == ".css" {
		loader = api.LoaderCSS
	}
	result := api.Transform(string(source), api.TransformOptions{
		Loader:            loader,
		Sourcefile:        name,
		Target:            api.ES2022,
		Charset:           api.CharsetUTF8,
		MinifyWhitespace:  true,
		MinifySyntax:      true,
		MinifyIdentifiers: true,
	})
	for _, e := range result.Errors {
		return nil, fmt.Errorf("%s:%d:%d: %s", name, e.Location.Line, e.Location.Column, e.Text)
	}
	return result.Code, nil
}
