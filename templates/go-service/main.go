// A service beside the traffic: asks a cluster at intervals whether it is up, and tells by metrics, log and shared data.
// Both Go (1.24 or later) and TinyGo compile it.
package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

const name = "{{name}}"

// The proxy never calls main: a service is a library.
func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &watcher{} })
}

type state int

const (
	unknown state = iota
	up
	down
)

type watcher struct {
	types.DefaultPluginContext
	config config
	up     proxywasm.MetricGauge
	checks proxywasm.MetricCounter
	// As it was at the last check.
	state state
}

// OnPluginStart is called at the start and on each change.
// OnPluginStartStatusFailed makes the proxy refuse the configuration.
func (w *watcher) OnPluginStart(int) types.OnPluginStartStatus {
	data, err := proxywasm.GetPluginConfiguration()
	if err != nil && err != types.ErrorStatusNotFound {
		proxywasm.LogErrorf("configuration not readable: %v", err)
		return types.OnPluginStartStatusFailed
	}
	config, err := parseConfig(data)
	if err != nil {
		proxywasm.LogErrorf("invalid configuration: %v", err)
		return types.OnPluginStartStatusFailed
	}
	w.config = config
	w.up = proxywasm.DefineGaugeMetric(name + "_up")
	w.checks = proxywasm.DefineCounterMetric(name + "_checks")
	if err := proxywasm.SetTickPeriodMilliSeconds(config.IntervalMs); err != nil {
		proxywasm.LogErrorf("no timer: %v", err)
		return types.OnPluginStartStatusFailed
	}
	return types.OnPluginStartStatusOK
}

func (w *watcher) OnTick() {
	cluster := w.config.Cluster
	if cluster == "" {
		return
	}
	headers := [][2]string{{":method", "GET"}, {":path", w.config.Path}, {":authority", cluster}}
	if _, err := proxywasm.DispatchHttpCall(cluster, headers, nil, nil, w.config.IntervalMs, w.onAnswer); err != nil {
		proxywasm.LogWarnf("cannot ask %s: %v", cluster, err)
		w.note(down)
	}
}

// onAnswer gets no headers at all when there was no answer.
func (w *watcher) onAnswer(int, int, int) {
	status := ""
	headers, _ := proxywasm.GetHttpCallResponseHeaders()
	for _, header := range headers {
		if header[0] == ":status" {
			status = header[1]
		}
	}
	w.checks.Increment(1)
	w.note(judge(status))
}

// note tells when something has changed.
func (w *watcher) note(now state) {
	if now == w.state {
		return
	}
	text := "down"
	if now == up {
		text = "up"
		w.up.Add(1)
	} else if w.state == up {
		w.up.Add(-1)
	}
	w.state = now
	proxywasm.LogInfo(w.config.Cluster + " is " + text)
	if err := proxywasm.SetSharedData(name+".status", []byte(text), 0); err != nil {
		proxywasm.LogWarnf("state not told: %v", err)
	}
}
