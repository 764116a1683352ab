package main

import (
	"strings"
	"testing"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/proxytest"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// start loads the plugin into the SDK's emulated proxy.
func start(t *testing.T, configuration string) proxytest.HostEmulator {
	t.Helper()
	host, reset := proxytest.NewHostEmulator(proxytest.NewEmulatorOption().
		WithPluginContext(func(uint32) types.PluginContext { return &plugin{} }).
		WithPluginConfiguration([]byte(configuration)))
	t.Cleanup(reset)
	if status := host.StartPlugin(); status != types.OnPluginStartStatusOK {
		t.Fatalf("configuration %q refused: %v", configuration, host.GetErrorLogs())
	}
	return host
}

func TestCountsBytes(t *testing.T) {
	host := start(t, "")
	id, _ := host.InitializeConnection()
	for _, data := range []string{"hello", "BLOCKED"} {
		if action := host.CallOnDownstreamData(id, []byte(data)); action != types.ActionContinue {
			t.Fatalf("%s: action %v", data, action)
		}
	}
	host.CallOnUpstreamData(id, []byte("answer"))
	host.CompleteConnection(id)
	if logs := strings.Join(host.GetInfoLogs(), "|"); logs != "12 bytes in, 6 bytes out" {
		t.Errorf("logs %q", logs)
	}
}

func TestBlockedPrefix(t *testing.T) {
	config, _ := parseConfig(nil)
	for data, blocked := range map[string]bool{"BLOCKED, please": true, "BLOCK": false, "not BLOCKED": false} {
		if config.blocks([]byte(data)) != blocked {
			t.Errorf("%q", data)
		}
	}
	config.BlockedPrefix = ""
	if config.blocks([]byte("BLOCKED")) {
		t.Error("an empty prefix blocks")
	}
}

func TestParseConfig(t *testing.T) {
	for _, text := range []string{"", " {} ", `{"banner":"hi"}`} {
		if parsed, err := parseConfig([]byte(text)); err != nil || parsed.BlockedPrefix != "BLOCKED" {
			t.Errorf("%q: %+v, %v", text, parsed, err)
		}
	}
	for _, text := range []string{"{", "text", `{"banner":1}`, `{"baner":"typo"}`, `{} {}`} {
		if _, err := parseConfig([]byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}
