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
	return [][2]string{{":method", "GET"}, {":path", path}, {":authority", "test"}}
}

func header(headers [][2]string, name string) string {
	for _, header := range headers {
		if header[0] == name {
			return header[1]
		}
	}
	return ""
}

func TestGreeting(t *testing.T) {
	host := start(t, `{"greeting":"hi"}`)
	id := host.InitializeHttpContext()
	if action := host.CallOnRequestHeaders(id, request("/"), true); action != types.ActionContinue {
		t.Fatalf("action %v", action)
	}
	if got := header(host.GetCurrentRequestHeaders(id), "x-greeting"); got != "hi" {
		t.Errorf("x-greeting of the request is %q", got)
	}
	host.CallOnResponseHeaders(id, [][2]string{{":status", "200"}, {"x-powered-by", "test"}}, true)
	headers := host.GetCurrentResponseHeaders(id)
	if got := header(headers, "x-greeting"); got != "hi" {
		t.Errorf("x-greeting of the response is %q", got)
	}
	if got := header(headers, "x-powered-by"); got != "" {
		t.Errorf("x-powered-by is %q", got)
	}
	host.CompleteHttpContext(id)
	if logs := host.GetInfoLogs(); len(logs) != 1 || logs[0] != "GET / 200" {
		t.Errorf("logs %q", logs)
	}
}

func TestBlockedPath(t *testing.T) {
	host := start(t, "")
	for path, blocked := range map[string]bool{
		"/blocked": true, "/blocked/a": true, "/blocked?x=1": true,
		"/": false, "/blockedness": false, "/a/blocked": false,
	} {
		id := host.InitializeHttpContext()
		host.CallOnRequestHeaders(id, request(path), true)
		response := host.GetSentLocalResponse(id)
		if (response != nil) != blocked || blocked && response.StatusCode != 403 {
			t.Errorf("%s: response %+v", path, response)
		}
	}
}

func TestCheck(t *testing.T) {
	for status, code := range map[string]uint32{"200": 0, "204": 403, "401": 403, "503": 503, "": 503} {
		t.Run("status "+status, func(t *testing.T) {
			host := start(t, `{"checkCluster":"auth"}`)
			id := host.InitializeHttpContext()
			if action := host.CallOnRequestHeaders(id, request("/a"), true); action != types.ActionPause {
				t.Fatalf("action %v", action)
			}
			calls := host.GetCalloutAttributesFromContext(id)
			if len(calls) != 1 || calls[0].Upstream != "auth" || header(calls[0].Headers, "x-original-path") != "/a" {
				t.Fatalf("calls %+v", calls)
			}
			var answer [][2]string
			if status != "" {
				answer = [][2]string{{":status", status}}
			}
			host.CallOnHttpCallResponse(calls[0].CalloutID, answer, nil, nil)
			response := host.GetSentLocalResponse(id)
			if code == 0 {
				if response != nil || host.GetCurrentHttpStreamAction(id) != types.ActionContinue {
					t.Fatalf("the request did not go on: %+v", response)
				}
			} else if response == nil || response.StatusCode != code {
				t.Fatalf("response %+v", response)
			}
		})
	}
}

func TestParseConfig(t *testing.T) {
	for text, greeting := range map[string]string{
		"": "hello", " {} ": "hello", "world\n": "world", `{"greeting":"hi"}`: "hi",
	} {
		if parsed, err := parseConfig([]byte(text)); err != nil || parsed.Greeting != greeting {
			t.Errorf("%q: %+v, %v", text, parsed, err)
		}
	}
	for _, text := range []string{"{", `{"greeting":1}`, `{"greting":"typo"}`, `{} {}`} {
		if _, err := parseConfig([]byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}
