// The filter against a fake proxy, as a native program; the command lines are in CMakeLists.txt.
#include "../config.h"
#include "fake_proxy.h"

namespace {

constexpr std::string_view kName = "{{name}}";

FilterStatus receive(uint32_t id, const std::string &data) {
  proxy.buffers[WasmBufferType::NetworkDownstreamData] = data;
  return proxy_on_downstream_data(id, static_cast<uint32_t>(data.size()), 0);
}

FilterStatus send(uint32_t id, const std::string &data) {
  proxy.buffers[WasmBufferType::NetworkUpstreamData] = data;
  return proxy_on_upstream_data(id, static_cast<uint32_t>(data.size()), 0);
}

void passesAndCounts() {
  EXPECT(start(kName, R"({"banner": "welcome"})"));
  proxy_on_context_create(2, kRoot);
  EXPECT(proxy_on_new_connection(2) == FilterStatus::Continue);
  EXPECT(receive(2, "hello") == FilterStatus::Continue);
  EXPECT(receive(2, "BLOCKED") == FilterStatus::Continue);
  EXPECT(send(2, "answer") == FilterStatus::Continue);
  EXPECT(proxy.buffers[WasmBufferType::NetworkUpstreamData] == "welcome\nanswer");
  EXPECT(send(2, "more") == FilterStatus::Continue);
  EXPECT(proxy.buffers[WasmBufferType::NetworkUpstreamData] == "more");
  finish(2);
  EXPECT(proxy.logs.back().second == "12 bytes in, 10 bytes out");
}

void closesWhatIsBlocked() {
  EXPECT(start(kName, ""));
  proxy_on_context_create(2, kRoot);
  EXPECT(receive(2, "BLOCKED, please") == FilterStatus::StopIteration);
  EXPECT(proxy.closed.size() == 1 && proxy.closed[0] == WasmStreamType::Downstream);
  finish(2);
}

void readsItsConfiguration() {
  for (const auto *good : {"", " {} ", R"({"banner":"hi","blockedPrefix":""})"})
    EXPECT(Config().parse(good).empty());
  for (const auto *wrong : {"{", "text", R"({"banner":1})", R"({"baner":"typo"})"}) {
    EXPECT(!Config().parse(wrong).empty());
    EXPECT(!start(kName, wrong));
  }
}

} // namespace

int main() {
  passesAndCounts();
  closesWhatIsBlocked();
  readsItsConfiguration();
  if (failures == 0) puts("all passed");
  return failures == 0 ? 0 : 1;
}
