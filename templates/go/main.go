// An HTTP filter. Both Go (1.24 or later) and TinyGo compile it.
package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

const (
	name           = "{{name}}"
	checkTimeoutMs = 1000
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
		proxywasm.LogErrorf("invalid configuration: %v", err)
		return types.OnPluginStartStatusFailed
	}
	p.config = config
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
	// Method and path, for the log line.
	request string
}

func (f *filter) OnHttpRequestHeaders(int, bool) types.Action {
	method, _ := proxywasm.GetHttpRequestHeader(":method")
	path, _ := proxywasm.GetHttpRequestHeader(":path")
	f.request = method + " " + path
	if f.config.blocks(path) {
		return answer(403, "blocked by "+name+"\n")
	}
	check(proxywasm.ReplaceHttpRequestHeader("x-greeting", f.config.Greeting))
	if f.config.CheckCluster == "" {
		return types.ActionContinue
	}
	return f.ask(path)
}

func (f *filter) OnHttpResponseHeaders(int, bool) types.Action {
	check(proxywasm.ReplaceHttpResponseHeader("x-greeting", f.config.Greeting))
	check(proxywasm.RemoveHttpResponseHeader("x-powered-by"))
	return types.ActionContinue
}

func (f *filter) OnHttpStreamDone() {
	status, _ := proxywasm.GetHttpResponseHeader(":status")
	proxywasm.LogInfo(f.request + " " + status)
}

// ask asks the check cluster; the request waits for onCheckAnswer.
func (f *filter) ask(path string) types.Action {
	cluster := f.config.CheckCluster
	headers := [][2]string{
		{":method", "GET"},
		{":path", "/check"},
		{":authority", cluster},
		{"x-original-path", path},
	}
	if _, err := proxywasm.DispatchHttpCall(cluster, headers, nil, nil, checkTimeoutMs, onCheckAnswer); err != nil {
		proxywasm.LogWarnf("cannot ask %s: %v", cluster, err)
		return answer(503, "check is not available\n")
	}
	return types.ActionPause
}

// onCheckAnswer gets no headers at all when there was no answer.
func onCheckAnswer(int, int, int) {
	status := ""
	headers, _ := proxywasm.GetHttpCallResponseHeaders()
	for _, header := range headers {
		if header[0] == ":status" {
			status = header[1]
		}
	}
	switch judge(status) {
	case allowed:
		check(proxywasm.ReplaceHttpRequestHeader("x-checked", "yes"))
		check(proxywasm.ResumeHttpRequest())
	case denied:
		answer(403, "request refused by check\n")
	case unavailable:
		answer(503, "check is not available\n")
	}
}

// answer answers the request here; it does not go upstream.
func answer(status uint32, body string) types.Action {
	headers := [][2]string{{"x-answered-by", name}}
	check(proxywasm.SendHttpResponse(status, headers, []byte(body), -1))
	return types.ActionPause
}

// check logs what the proxy refused to do.
func check(err error) {
	if err != nil {
		proxywasm.LogErrorf("the proxy answered: %v", err)
	}
}
