package main

import (
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

func request(path string) [][2]string {
	return [][2]string{{":method", "GET"}, {":path", path}, {":authority", "test"}, {"x-internal", "1"}}
}

func header(headers [][2]string, name string) string {
	for _, header := range headers {
		if header[0] == name {
			return header[1]
		}
	}
	return ""
}

func TestHeaders(t *testing.T) {
	host := start(t, `{"value":"moon"}`)
	id := host.InitializeHttpContext()
	if action := host.CallOnRequestHeaders(id, request("/"), true); action != types.ActionContinue {
		t.Fatalf("action %v", action)
	}
	sent := host.GetCurrentRequestHeaders(id)
	if got := header(sent, "x-filter"); got != name {
		t.Errorf("x-filter is %q", got)
	}
	if got := header(sent, "x-internal"); got != "" {
		t.Errorf("x-internal is %q", got)
	}
	host.CallOnResponseHeaders(id, [][2]string{{":status", "200"}}, true)
	if got := header(host.GetCurrentResponseHeaders(id), "hello"); got != "moon" {
		t.Errorf("hello is %q", got)
	}
}

func TestDenyPrefix(t *testing.T) {
	host := start(t, `{"denyPrefix":"/private"}`)
	id := host.InitializeHttpContext()
	host.CallOnRequestHeaders(id, request("/private/a"), true)
	response := host.GetSentLocalResponse(id)
	if response == nil || response.StatusCode != 403 {
		t.Fatalf("response %+v", response)
	}
}

func TestAuthorization(t *testing.T) {
	cases := []struct {
		status string
		code   uint32
	}{{"200", 0}, {"401", 403}, {"500", 503}, {"", 503}}
	for _, c := range cases {
		t.Run("status "+c.status, func(t *testing.T) {
			host := start(t, `{"authCluster":"auth"}`)
			id := host.InitializeHttpContext()
			if action := host.CallOnRequestHeaders(id, request("/a"), true); action != types.ActionPause {
				t.Fatalf("action %v", action)
			}
			calls := host.GetCalloutAttributesFromContext(id)
			if len(calls) != 1 || calls[0].Upstream != "auth" {
				t.Fatalf("calls %+v", calls)
			}
			var answer [][2]string
			if c.status != "" {
				answer = [][2]string{{":status", c.status}}
			}
			host.CallOnHttpCallResponse(calls[0].CalloutID, answer, nil, nil)
			response := host.GetSentLocalResponse(id)
			if c.code == 0 {
				if response != nil || host.GetCurrentHttpStreamAction(id) != types.ActionContinue {
					t.Fatalf("the request did not go on: %+v", response)
				}
			} else if response == nil || response.StatusCode != c.code {
				t.Fatalf("response %+v", response)
			}
		})
	}
}

func TestParseConfig(t *testing.T) {
	for text, value := range map[string]string{"": "world", " {} ": "world", "moon\n": "moon", `{"value":"moon"}`: "moon"} {
		if parsed, err := parseConfig([]byte(text)); err != nil || parsed.Value != value {
			t.Errorf("%q: %+v, %v", text, parsed, err)
		}
	}
	for _, text := range []string{"{", `{"value":1}`, `{"vaule":"typo"}`, `{} {}`} {
		if _, err := parseConfig([]byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}
