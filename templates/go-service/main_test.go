package main

import (
	"strings"
	"testing"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/proxytest"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// rootID is the context of the plugin in the SDK's emulated proxy.
const rootID = 1

func start(t *testing.T, configuration string) proxytest.HostEmulator {
	t.Helper()
	host, reset := proxytest.NewHostEmulator(proxytest.NewEmulatorOption().
		WithPluginContext(func(uint32) types.PluginContext { return &watcher{} }).
		WithPluginConfiguration([]byte(configuration)))
	t.Cleanup(reset)
	if status := host.StartPlugin(); status != types.OnPluginStartStatusOK {
		t.Fatalf("configuration %q refused: %v", configuration, host.GetErrorLogs())
	}
	return host
}

func TestTellsChanges(t *testing.T) {
	host := start(t, `{"cluster":"backend","path":"/health","intervalMs":50}`)
	if period := host.GetTickPeriod(); period != 50 {
		t.Errorf("tick period %d", period)
	}
	for _, status := range []string{"200", "204", "503", ""} {
		host.Tick()
		calls := host.GetCalloutAttributesFromContext(rootID)
		call := calls[len(calls)-1]
		if call.Upstream != "backend" {
			t.Fatalf("call %+v", call)
		}
		host.CallOnHttpCallResponse(call.CalloutID, [][2]string{{":status", status}}, nil, nil)
	}
	if logs := strings.Join(host.GetInfoLogs(), "|"); logs != "backend is up|backend is down" {
		t.Errorf("logs %q", logs)
	}
	if checks, _ := host.GetCounterMetric(name + "_checks"); checks != 4 {
		t.Errorf("checks %d", checks)
	}
	if up, _ := host.GetGaugeMetric(name + "_up"); up != 0 {
		t.Errorf("up %d", up)
	}
}

func TestWatchesNothingByDefault(t *testing.T) {
	host := start(t, "")
	host.Tick()
	if calls := host.GetCalloutAttributesFromContext(rootID); len(calls) != 0 {
		t.Errorf("calls %+v", calls)
	}
}

func TestParseConfig(t *testing.T) {
	for _, text := range []string{"", " {} ", `{"cluster":"a"}`} {
		if parsed, err := parseConfig([]byte(text)); err != nil || parsed.IntervalMs != 1000 || parsed.Path != "/" {
			t.Errorf("%q: %+v, %v", text, parsed, err)
		}
	}
	for _, text := range []string{"{", "text", `{"path":1}`, `{"pth":"/"}`, `{"intervalMs":0}`, `{"intervalMs":"1"}`} {
		if _, err := parseConfig([]byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}
