// An HTTP filter. Both Go (1.24 or later) and TinyGo compile it.
package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

const (
	name          = "{{name}}"
	authTimeoutMs = 1000
)

// The proxy never calls main: a filter is a library.
func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &plugin{} })
}

// plugin holds the configuration.
type plugin struct {
	types.DefaultPluginContext
	config config
}

// OnPluginStart is called when the filter is loaded and on each change.
// OnPluginStartStatusFailed makes the proxy refuse the configuration.
func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	data, err := proxywasm.GetPluginConfiguration()
	if err != nil && err != types.ErrorStatusNotFound {
		proxywasm.LogErrorf("configuration not readable: %v", err)
		return types.OnPluginStartStatusFailed
	}
	config, err := parseConfig(data)
	if err != nil {
		proxywasm.LogErrorf("configuration refused: %v", err)
		return types.OnPluginStartStatusFailed
	}
	p.config = config
	proxywasm.LogInfof("configured: hello %s", config.Value)
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext {
	return &filter{config: p.config}
}

// filter follows one request.
type filter struct {
	types.DefaultHttpContext
	// As it was when the request came: a change in between does not mix two configurations in one request.
	config config
}

func (f *filter) OnHttpRequestHeaders(int, bool) types.Action {
	path, err := proxywasm.GetHttpRequestHeader(":path")
	if err != nil {
		proxywasm.LogWarnf("request without path: %v", err)
	}
	if f.config.denies(path) {
		return reply(403, "denied by "+name+"\n")
	}
	check(proxywasm.ReplaceHttpRequestHeader("x-filter", name))
	check(proxywasm.RemoveHttpRequestHeader("x-internal"))
	if f.config.AuthCluster == "" {
		return types.ActionContinue
	}
	return f.askAuth(path)
}

func (f *filter) OnHttpResponseHeaders(int, bool) types.Action {
	check(proxywasm.ReplaceHttpResponseHeader("hello", f.config.Value))
	return types.ActionContinue
}

// askAuth holds the request until the authorization service has answered.
func (f *filter) askAuth(path string) types.Action {
	cluster := f.config.AuthCluster
	headers := [][2]string{
		{":method", "GET"},
		{":path", "/check"},
		{":authority", cluster},
		{"x-original-path", path},
	}
	if _, err := proxywasm.DispatchHttpCall(cluster, headers, nil, nil, authTimeoutMs, onAuthAnswer); err != nil {
		proxywasm.LogWarnf("cannot call cluster %q: %v", cluster, err)
		return reply(503, "authorization is not available\n")
	}
	return types.ActionPause
}

// onAuthAnswer gets no headers at all when the call failed: then nobody has allowed the request.
func onAuthAnswer(int, int, int) {
	status := ""
	headers, _ := proxywasm.GetHttpCallResponseHeaders()
	for _, header := range headers {
		if header[0] == ":status" {
			status = header[1]
		}
	}
	switch judge(status) {
	case allowed:
		check(proxywasm.ReplaceHttpRequestHeader("x-auth-status", status))
		check(proxywasm.ResumeHttpRequest())
	case denied:
		reply(403, "not allowed\n")
	default:
		proxywasm.LogWarnf("authorization failed, status %q", status)
		reply(503, "authorization is not available\n")
	}
}

// reply answers the request here; it does not go upstream.
func reply(status uint32, body string) types.Action {
	headers := [][2]string{{"content-type", "text/plain"}}
	check(proxywasm.SendHttpResponse(status, headers, []byte(body), -1))
	return types.ActionPause
}

// check logs what the proxy refused to do.
func check(err error) {
	if err != nil {
		proxywasm.LogErrorf("the proxy answered: %v", err)
	}
}
