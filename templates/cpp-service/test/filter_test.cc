// The service against a fake proxy, as a native program; the command lines are in CMakeLists.txt.
#include "../config.h"
#include "fake_proxy.h"

namespace {

const std::string kName = "{{name}}";

/// The value of a metric by its name.
uint64_t metric(const std::string &name) {
  for (const auto &[type, known, value] : proxy.metrics)
    if (known == name) return value;
  return ~uint64_t{0};
}

void tellsChanges() {
  EXPECT(start(kName, R"({"cluster": "backend", "path": "/health", "intervalMs": 50})"));
  EXPECT(proxy.tick_period == 50);
  for (const auto *status : {"200", "204", "503", ""}) {
    proxy_on_tick(kRoot);
    EXPECT(!proxy.calls.empty() && proxy.calls.back().cluster == "backend");
    proxy.headers[WasmHeaderMapType::HttpCallResponseHeaders] = {{":status", status}};
    proxy_on_http_call_response(kRoot, proxy.calls.back().token, 1, 0, 0);
    EXPECT(metric(kName + "_up") == (status[0] == '2' ? 1 : 0));
  }
  EXPECT(metric(kName + "_checks") == 4);
  EXPECT(proxy.logs.size() == 2 && proxy.logs[0].second == "backend is up" &&
         proxy.logs[1].second == "backend is down");
  EXPECT(proxy.shared[kName + ".status"].first == "down");
}

void isDownWhenNobodyCanBeAsked() {
  EXPECT(start(kName, R"({"cluster": "nowhere"})"));
  proxy.call_result = WasmResult::BadArgument;
  proxy_on_tick(kRoot);
  EXPECT(proxy.shared[kName + ".status"].first == "down");
}

void keepsItsConfigurationWhenTheNextIsRefused() {
  EXPECT(start(kName, R"({"cluster": "backend"})"));
  proxy.buffers[WasmBufferType::PluginConfiguration] = R"({"cluster": 1})";
  EXPECT(proxy_on_configure(kRoot, 14) == 0);
  proxy_on_tick(kRoot);
  EXPECT(proxy.calls.back().cluster == "backend");
}

void watchesNothingByDefault() {
  EXPECT(start(kName, ""));
  proxy_on_tick(kRoot);
  EXPECT(proxy.calls.empty());
}

void readsItsConfiguration() {
  for (const auto *good : {"", " {} ", R"({"cluster":"a","intervalMs":5})"})
    EXPECT(Config().parse(good).empty());
  for (const auto *wrong : {"{", "text", R"({"path":1})", R"({"pth":"/"})", R"({"intervalMs":0})",
                            R"({"intervalMs":"1"})", R"({"intervalMs":4294967296})"}) {
    EXPECT(!Config().parse(wrong).empty());
    EXPECT(!start(kName, wrong));
  }
}

} // namespace

int main() {
  tellsChanges();
  isDownWhenNobodyCanBeAsked();
  keepsItsConfigurationWhenTheNextIsRefused();
  watchesNothingByDefault();
  readsItsConfiguration();
  if (failures == 0) puts("all passed");
  return failures == 0 ? 0 : 1;
}
