package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"everysec/engine/benchmark"
)

// durable measures acknowledged writes a second from the page, on a store in
// IndexedDB, under each policy. With always and one client every write is a
// transaction of its own, so bare transactions stand beside it; more clients
// share one.
func durable(url string) ([]benchmark.Figure, error) {
	b, err := launch(url)
	if err != nil {
		return nil, err
	}
	defer b.close()
	if err := b.open("/bench/durable.html"); err != nil {
		return nil, err
	}
	type options struct {
		Config       map[string]string `json:"config"`
		Clients      int               `json:"clients"`
		Samples      int               `json:"samples"`
		Milliseconds int               `json:"milliseconds"`
		Beside       bool              `json:"beside"`
	}
	type sample struct{ Rate, P50, P99 float64 }
	pick := func(samples []sample, of func(sample) float64) (values []float64) {
		for _, s := range samples {
			values = append(values, of(s))
		}
		return values
	}
	perSecond := func(s sample) float64 { return s.Rate }
	var figures []benchmark.Figure
	for _, policy := range []struct {
		name   string
		config map[string]string
	}{
		{"appendfsync always", map[string]string{"appendonly": "yes", "appendfsync": "always"}},
		{"appendfsync everysec", map[string]string{"appendonly": "yes", "appendfsync": "everysec"}},
		{"appendfsync no", map[string]string{"appendonly": "yes", "appendfsync": "no"}},
		{"appendonly no", map[string]string{"appendonly": "no"}},
	} {
		for _, clients := range []int{1, 16, 100} {
			// Longer than a second, so that each sample has a sync of everysec.
			o := options{policy.config, clients, 5, 1100, policy.name == "appendfsync always" && clients == 1}
			arguments, err := json.Marshal(o)
			if err != nil {
				return nil, err
			}
			var got struct{ Ours, Bare []sample }
			if err := b.eval(`measure.durable(`+string(arguments)+`)`, &got); err != nil {
				return nil, err
			}
			what := fmt.Sprintf("acknowledged SETs, %s, %d clients", policy.name, clients)
			if clients == 1 {
				what = fmt.Sprintf("acknowledged SETs, %s, 1 client", policy.name)
			}
			rates := pick(got.Ours, perSecond)
			figure := benchmark.Figure{What: what, Unit: "/s", Value: slices.Max(rates), Median: benchmark.Median(rates)}
			if o.Beside {
				bare := pick(got.Bare, perSecond)
				var ratios []float64
				for i := range rates {
					ratios = append(ratios, rates[i]/bare[i])
				}
				figure.What += ", beside bare strict transactions"
				figure.Beside, figure.Ratio = slices.Max(bare), benchmark.Median(ratios)
			}
			figures = append(figures, figure)
			for _, latency := range []struct {
				name string
				of   func(sample) float64
			}{
				{"median latency", func(s sample) float64 { return s.P50 }},
				{"99th percentile", func(s sample) float64 { return s.P99 }},
			} {
				values := pick(got.Ours, latency.of)
				figures = append(figures, benchmark.Figure{
					What: what + ": " + latency.name, Unit: "ms", Value: slices.Min(values), Median: benchmark.Median(values),
				})
			}
		}
	}
	return figures, nil
}
