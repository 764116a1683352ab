// The filter: Root holds the configuration, one Connection follows each TCP connection.
#include <memory>
#include <string>

#include "config.h"
#include "proxy_wasm_intrinsics.h"

namespace {

class Root : public RootContext {
public:
  using RootContext::RootContext;

  /// Called when the filter is loaded and on each change. `false` makes the proxy refuse the configuration.
  bool onConfigure(size_t size) override {
    auto next = std::make_shared<Config>();
    const auto text = getBufferBytes(WasmBufferType::PluginConfiguration, 0, size);
    if (const auto problem = next->parse(text->view()); !problem.empty()) {
      logError("invalid configuration: " + problem);
      return false;
    }
    config = std::move(next);
    return true;
  }

  std::shared_ptr<const Config> config = std::make_shared<Config>();
};

class Connection : public Context {
public:
  Connection(uint32_t id, RootContext *root)
      : Context(id, root), config_(static_cast<Root *>(root)->config) {}

  FilterStatus onDownstreamData(size_t size, bool) override {
    const bool first = received_ == 0;
    received_ += size;
    if (first && config_->blocks(getBufferBytes(WasmBufferType::NetworkDownstreamData, 0, size)->view())) {
      logInfo("blocked");
      closeDownstream();
      return FilterStatus::StopIteration;
    }
    return FilterStatus::Continue;
  }

  FilterStatus onUpstreamData(size_t size, bool) override {
    if (sent_ == 0 && size > 0 && !config_->banner.empty()) {
      setBuffer(WasmBufferType::NetworkUpstreamData, 0, 0, config_->banner + "\n");
    }
    sent_ += size;
    return FilterStatus::Continue;
  }

  void onDone() override {
    logInfo(std::to_string(received_) + " bytes in, " + std::to_string(sent_) + " bytes out");
  }

private:
  const std::shared_ptr<const Config> config_;
  /// Bytes from the client.
  size_t received_ = 0;
  /// Bytes from the upstream.
  size_t sent_ = 0;
};

// The last argument is the root_id that the proxy is configured with; wasme.json has the same.
RegisterContextFactory registered(CONTEXT_FACTORY(Connection), ROOT_FACTORY(Root), "{{name}}");

} // namespace
