// The filter: Root holds the configuration, one Filter follows each request.
#include <memory>
#include <string>
#include <string_view>

#include "config.h"
#include "proxy_wasm_intrinsics.h"

namespace {

constexpr std::string_view kName = "{{name}}";
constexpr uint32_t kCheckTimeoutMs = 1000;

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

class Filter : public Context {
public:
  Filter(uint32_t id, RootContext *root) : Context(id, root), config_(static_cast<Root *>(root)->config) {}

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    const auto path = getRequestHeader(":path")->toString();
    request_ = getRequestHeader(":method")->toString() + " " + path;
    if (config_->blocks(path)) return answer(403, "blocked by " + std::string(kName) + "\n");
    replaceRequestHeader("x-greeting", config_->greeting);
    return config_->check_cluster.empty() ? FilterHeadersStatus::Continue : ask(path);
  }

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    replaceResponseHeader("x-greeting", config_->greeting);
    removeResponseHeader("x-powered-by");
    return FilterHeadersStatus::Continue;
  }

  void onLog() override { logInfo(request_ + " " + getResponseHeader(":status")->toString()); }

private:
  /// Asks the check cluster; the request waits for `onCheckAnswer`.
  FilterHeadersStatus ask(const std::string &path) {
    const std::string &cluster = config_->check_cluster;
    const HeaderStringPairs headers = {
        {":method", "GET"}, {":path", "/check"}, {":authority", cluster}, {"x-original-path", path}};
    // The stream may be gone when the answer comes, so it is looked up by its id.
    const auto answered = [id = id()](uint32_t, size_t, uint32_t) {
      if (auto *filter = static_cast<Filter *>(getContext(id))) filter->onCheckAnswer();
    };
    const auto result = root()->httpCall(cluster, headers, "", {}, kCheckTimeoutMs, answered);
    if (result == WasmResult::Ok) return FilterHeadersStatus::StopIteration;
    logWarn("cannot ask " + cluster + ": " + toString(result));
    return answer(503, "check is not available\n");
  }

  /// No headers at all mean that there was no answer.
  void onCheckAnswer() {
    const auto status = getHeaderMapValue(WasmHeaderMapType::HttpCallResponseHeaders, ":status");
    // Call-outs answer to the root context; what follows is for this request.
    setEffectiveContext();
    switch (judge(status->view())) {
    case Verdict::allow:
      replaceRequestHeader("x-checked", "yes");
      continueRequest();
      break;
    case Verdict::deny:
      answer(403, "request refused by check\n");
      break;
    case Verdict::unavailable:
      answer(503, "check is not available\n");
      break;
    }
  }

  /// Answers the request here; it does not go upstream.
  static FilterHeadersStatus answer(uint32_t status, std::string_view body) {
    sendLocalResponse(status, kName, body, {{"x-answered-by", std::string(kName)}});
    return FilterHeadersStatus::StopIteration;
  }

  /// As it was when the request came: a change in between does not mix two configurations in one request.
  const std::shared_ptr<const Config> config_;
  /// Method and path, for the log line.
  std::string request_;
};

// The last argument is the root_id that the proxy is configured with; wasme.json has the same.
RegisterContextFactory registered(CONTEXT_FACTORY(Filter), ROOT_FACTORY(Root), "{{name}}");

} // namespace
