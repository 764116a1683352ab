// A TCP filter. Both Go (1.24 or later) and TinyGo compile it.
package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
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

func (p *plugin) NewTcpContext(uint32) types.TcpContext {
	return &connection{config: p.config}
}

// connection follows one TCP connection.
type connection struct {
	types.DefaultTcpContext
	config config
	// Bytes from the client and from the upstream.
	received, sent int
}

func (c *connection) OnDownstreamData(size int, _ bool) types.Action {
	first := c.received == 0
	c.received += size
	if first && c.blocked(size) {
		proxywasm.LogInfo("blocked")
		check(proxywasm.CloseDownstream())
		return types.ActionPause
	}
	return types.ActionContinue
}

func (c *connection) OnUpstreamData(size int, _ bool) types.Action {
	if c.sent == 0 && size > 0 && c.config.Banner != "" {
		check(proxywasm.PrependUpstreamData([]byte(c.config.Banner + "\n")))
	}
	c.sent += size
	return types.ActionContinue
}

func (c *connection) OnStreamDone() {
	proxywasm.LogInfof("%d bytes in, %d bytes out", c.received, c.sent)
}

func (c *connection) blocked(size int) bool {
	start, err := proxywasm.GetDownstreamData(0, min(size, len(c.config.BlockedPrefix)))
	return err == nil && c.config.blocks(start)
}

// check logs what the proxy refused to do.
func check(err error) {
	if err != nil {
		proxywasm.LogErrorf("the proxy answered: %v", err)
	}
}
