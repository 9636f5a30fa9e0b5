package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// task is one turn of a thread's event loop: for its whole duration nothing
// else runs there. CPU is the processor time it used, in microseconds; Wall also
// counts what the system gave to other threads meanwhile. In a virtual
// machine the clock of the processor may run ahead: then it is Wall.
type task struct{ Wall, CPU float64 }

// traced runs f while the browser notes every task of its workers, and returns
// them. A figure of one short moment, such as the longest hold, means nothing
// by the clock on a machine that does other things; by processor time it does.
func (b *browser) traced(f func() error) ([]task, error) {
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	var (
		mutex   sync.Mutex
		workers = map[[2]int]bool{}
		tasks   = map[[2]int][]task{}
		done    = make(chan bool, 1)
	)
	chromedp.ListenTarget(ctx, func(ev any) {
		switch ev := ev.(type) {
		case *tracing.EventDataCollected:
			mutex.Lock()
			defer mutex.Unlock()
			for _, raw := range ev.Value {
				var e struct {
					Name, Ph  string
					Pid, Tid  int
					Dur, Tdur float64
					Args      struct{ Name string }
				}
				if json.Unmarshal(raw, &e) != nil {
					continue
				}
				thread := [2]int{e.Pid, e.Tid}
				if e.Ph == "M" && e.Name == "thread_name" {
					workers[thread] = e.Args.Name == "DedicatedWorker thread"
				}
				if e.Ph == "X" && e.Name == "ThreadControllerImpl::RunTask" {
					tasks[thread] = append(tasks[thread], task{e.Dur, min(e.Dur, e.Tdur)})
				}
			}
		case *tracing.EventTracingComplete:
			done <- ev.DataLossOccurred
		}
	})
	config := &tracing.TraceConfig{
		RecordMode: "recordUntilFull", TraceBufferSizeInKb: 800_000,
		IncludedCategories: []string{"toplevel"}, ExcludedCategories: []string{"*"},
	}
	if err := chromedp.Run(b.ctx, tracing.Start().WithTraceConfig(config)); err != nil {
		return nil, fmt.Errorf("start tracing: %w", err)
	}
	failed := f()
	if err := chromedp.Run(b.ctx, tracing.End()); err != nil {
		return nil, errors.Join(failed, fmt.Errorf("end tracing: %w", err))
	}
	select {
	case lost := <-done:
		if lost && failed == nil {
			failed = errors.New("the trace has lost events")
		}
	case <-b.ctx.Done():
		return nil, errors.Join(failed, b.ctx.Err())
	}
	mutex.Lock()
	defer mutex.Unlock()
	var all []task
	for thread, is := range workers {
		if is {
			all = append(all, tasks[thread]...)
		}
	}
	return all, failed
}

// longest is the processor time of the longest task of a worker while f runs,
// in milliseconds.
func (b *browser) longest(f func() error) (float64, error) {
	tasks, err := b.traced(f)
	longest := 0.0
	for _, t := range tasks {
		longest = max(longest, t.CPU/1000)
	}
	if err == nil && longest == 0 {
		err = errors.New("the trace tells no processor time")
	}
	return longest, err
}
