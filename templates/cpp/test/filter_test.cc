// The filter against a fake proxy, as a native program; the command lines are in CMakeLists.txt.
#include "../config.h"
#include "fake_proxy.h"

namespace {

constexpr std::string_view kName = "{{name}}";

/// Plays the headers of a request for `path`.
FilterHeadersStatus request(uint32_t id, const std::string &path) {
  proxy.headers[WasmHeaderMapType::RequestHeaders] = {{":method", "GET"}, {":path", path}};
  proxy_on_context_create(id, kRoot);
  return proxy_on_request_headers(id, 2, 1);
}

/// Plays the answer of the check; no status: there was none.
void answerCheck(const std::string &status) {
  auto &headers = proxy.headers[WasmHeaderMapType::HttpCallResponseHeaders];
  headers.clear();
  if (!status.empty()) headers.emplace_back(":status", status);
  proxy_on_http_call_response(kRoot, proxy.calls.back().token, static_cast<uint32_t>(headers.size()), 0, 0);
}

void greets() {
  EXPECT(start(kName, R"({"greeting": "hi"})"));
  EXPECT(request(2, "/") == FilterHeadersStatus::Continue);
  EXPECT(proxy.header(WasmHeaderMapType::RequestHeaders, "x-greeting") == "hi");
  proxy.headers[WasmHeaderMapType::ResponseHeaders] = {{":status", "200"}, {"x-powered-by", "test"}};
  EXPECT(proxy_on_response_headers(2, 2, 1) == FilterHeadersStatus::Continue);
  EXPECT(proxy.header(WasmHeaderMapType::ResponseHeaders, "x-greeting") == "hi");
  EXPECT(proxy.header(WasmHeaderMapType::ResponseHeaders, "x-powered-by").empty());
  finish(2);
  EXPECT(proxy.logs.size() == 1 && proxy.logs[0].second == "GET / 200");
}

void blocks() {
  EXPECT(start(kName, ""));
  for (const auto *path : {"/blocked", "/blocked/a", "/blocked?x=1"}) {
    proxy.response.reset();
    EXPECT(request(2, path) == FilterHeadersStatus::StopIteration);
    EXPECT(proxy.response && proxy.response->status == 403);
    finish(2);
  }
  proxy.response.reset();
  for (const auto *path : {"/", "/blockedness", "/a/blocked"}) {
    EXPECT(request(2, path) == FilterHeadersStatus::Continue);
    finish(2);
  }
  EXPECT(!proxy.response);
}

void asks() {
  for (const auto &[status, code] :
       std::map<std::string, uint32_t>{{"200", 0}, {"204", 403}, {"401", 403}, {"503", 503}, {"", 503}}) {
    EXPECT(start(kName, R"({"checkCluster": "auth"})"));
    EXPECT(request(7, "/a") == FilterHeadersStatus::StopIteration);
    EXPECT(proxy.calls.size() == 1 && proxy.calls[0].cluster == "auth");
    answerCheck(status);
    EXPECT(proxy.effective_context == 7);
    EXPECT(code == 0 ? !proxy.response && proxy.continued.size() == 1 : proxy.response->status == code);
    finish(7);
  }
}

void survivesALateAnswer() {
  EXPECT(start(kName, R"({"checkCluster": "auth"})"));
  request(7, "/a");
  finish(7);
  answerCheck("200");
  EXPECT(proxy.continued.empty());
}

void answersWhenNobodyCanBeAsked() {
  EXPECT(start(kName, R"({"checkCluster": "nowhere"})"));
  proxy.call_result = WasmResult::BadArgument;
  EXPECT(request(7, "/a") == FilterHeadersStatus::StopIteration);
  EXPECT(proxy.response && proxy.response->status == 503);
  finish(7);
}

void readsItsConfiguration() {
  for (const auto *good : {"", " {} ", "world\n", R"({"greeting":"\u00e4\n","blockedPath":""})"}) {
    EXPECT(Config().parse(good).empty());
  }
  Config config;
  config.parse("world\n");
  EXPECT(config.greeting == "world");
  EXPECT(config.parse(R"({"greeting":"\ud83d\uDE00 \u00e4"})").empty());
  EXPECT(config.greeting == "\xf0\x9f\x98\x80 \xc3\xa4");
  for (const auto *wrong :
       {"{", R"({"greeting":1})", R"({"greting":"typo"})", "{} {}", R"({"greeting":"\x"})",
        R"({"greeting":"\ud83d"})", R"({"greeting":"\ude00\ud83d"})"}) {
    EXPECT(!Config().parse(wrong).empty());
    EXPECT(!start(kName, wrong));
    EXPECT(proxy.logs.back().first == LogLevel::error);
  }
}

} // namespace

int main() {
  greets();
  blocks();
  asks();
  survivesALateAnswer();
  answersWhenNobodyCanBeAsked();
  readsItsConfiguration();
  if (failures == 0) puts("all passed");
  return failures == 0 ? 0 : 1;
}
