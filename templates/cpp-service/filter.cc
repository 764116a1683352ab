// A service beside the traffic: asks a cluster at intervals whether it is up; metrics, log and shared data
// tell.
#include <optional>
#include <string>
#include <utility>

#include "config.h"
#include "proxy_wasm_intrinsics.h"

namespace {

const std::string kName = "{{name}}";

class Watcher : public RootContext {
public:
  using RootContext::RootContext;

  /// Called at the start and on each change. `false` makes the proxy refuse the configuration.
  bool onConfigure(size_t size) override {
    Config next;
    const auto text = getBufferBytes(WasmBufferType::PluginConfiguration, 0, size);
    if (const auto problem = next.parse(text->view()); !problem.empty()) {
      logError("invalid configuration: " + problem);
      return false;
    }
    config_ = std::move(next);
    proxy_set_tick_period_milliseconds(config_.interval_ms);
    // Defined now, so that they can be read before the first check.
    up_.resolve();
    checks_.resolve();
    return true;
  }

  void onTick() override {
    if (config_.cluster.empty()) return;
    const HeaderStringPairs headers = {
        {":method", "GET"}, {":path", config_.path}, {":authority", config_.cluster}};
    const auto answered = [this](uint32_t, size_t, uint32_t) { onAnswer(); };
    const auto result = httpCall(config_.cluster, headers, "", {}, config_.interval_ms, answered);
    if (result == WasmResult::Ok) return;
    logWarn("cannot ask " + config_.cluster + ": " + toString(result));
    note(false);
  }

private:
  /// No headers at all mean that there was no answer.
  void onAnswer() {
    checks_.increment(1);
    note(isUp(getHeaderMapValue(WasmHeaderMapType::HttpCallResponseHeaders, ":status")->view()));
  }

  /// Tells when something has changed.
  void note(bool is_up) {
    if (is_up_ == is_up) return;
    is_up_ = is_up;
    const std::string text = is_up ? "up" : "down";
    logInfo(config_.cluster + " is " + text);
    up_.record(is_up ? 1 : 0);
    const auto result = setSharedData(kName + ".status", text);
    if (result != WasmResult::Ok) logWarn("state not told: " + toString(result));
  }

  Config config_;
  Gauge<> up_{kName + "_up"};
  Counter<> checks_{kName + "_checks"};
  /// As it was at the last check.
  std::optional<bool> is_up_;
};

// The last argument is the root_id that the proxy is configured with; wasme.json has the same.
RegisterContextFactory registered(ROOT_FACTORY(Watcher), kName);

} // namespace
