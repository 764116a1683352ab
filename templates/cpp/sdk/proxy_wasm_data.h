// Bytes that came from the proxy, lists of headers on their way to it, and log lines.
#pragma once

#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "proxy_wasm_externs.h"

/// Stops the VM with the failed call in the log when the proxy does not answer Ok.
#define CHECK_RESULT(call)                                                                                   \
  do {                                                                                                       \
    if (const WasmResult answer_ = (call); answer_ != WasmResult::Ok)                                        \
      logAbort(#call " answered " + toString(answer_));                                                      \
  } while (false)

namespace proxy_wasm_detail {

inline WasmResult log(LogLevel level, std::string_view text) {
  return proxy_log(level, text.data(), text.size());
}

} // namespace proxy_wasm_detail

inline WasmResult logTrace(std::string_view text) { return proxy_wasm_detail::log(LogLevel::trace, text); }
inline WasmResult logDebug(std::string_view text) { return proxy_wasm_detail::log(LogLevel::debug, text); }
inline WasmResult logInfo(std::string_view text) { return proxy_wasm_detail::log(LogLevel::info, text); }
inline WasmResult logWarn(std::string_view text) { return proxy_wasm_detail::log(LogLevel::warn, text); }
inline WasmResult logError(std::string_view text) { return proxy_wasm_detail::log(LogLevel::error, text); }
inline WasmResult logCritical(std::string_view text) {
  return proxy_wasm_detail::log(LogLevel::critical, text);
}

/// Logs and ends the VM; the proxy answers its streams by its failure policy.
[[noreturn]] inline void logAbort(std::string_view text) {
  logCritical(text);
  abort();
}

// With the place in the source: LOG_INFO("text " + std::string(more)).
#define LOG(level, ...)                                                                                      \
  log##level("[" + std::string(__FILE__) + ":" + std::to_string(__LINE__) +                                  \
             "]::" + std::string(__FUNCTION__) + "() " + __VA_ARGS__)
#define LOG_TRACE(...) LOG(Trace, __VA_ARGS__)
#define LOG_DEBUG(...) LOG(Debug, __VA_ARGS__)
#define LOG_INFO(...) LOG(Info, __VA_ARGS__)
#define LOG_WARN(...) LOG(Warn, __VA_ARGS__)
#define LOG_ERROR(...) LOG(Error, __VA_ARGS__)
#define LOG_CRITICAL(...) LOG(Critical, __VA_ARGS__)

using HeaderStringPairs = std::vector<std::pair<std::string, std::string>>;

/// Owns bytes that the proxy allocated. Empty when the proxy had none.
class WasmData {
public:
  WasmData(const char *data, size_t size) : data_(data), size_(data == nullptr ? 0 : size) {}
  ~WasmData() { ::free(const_cast<char *>(data_)); }
  WasmData(const WasmData &) = delete;
  WasmData &operator=(const WasmData &) = delete;

  const char *data() { return data_; }
  size_t size() { return size_; }
  std::string_view view() { return {data_, size_}; }
  std::string toString() { return std::string(view()); }

  /// The bytes as a list of pairs: headers, trailers, metadata. The views live as long as this object.
  std::vector<std::pair<std::string_view, std::string_view>> pairs() {
    std::vector<std::pair<std::string_view, std::string_view>> list;
    if (size_ < sizeof(uint32_t)) return list;
    const uint32_t count = number(0);
    size_t text = sizeof(uint32_t) * (1 + 2 * size_t{count});
    list.reserve(count);
    for (uint32_t i = 0; i < 2 * count; i++) {
      const uint32_t length = number(1 + i);
      const std::string_view part(data_ + text, length);
      if (i % 2 == 0)
        list.emplace_back(part, std::string_view());
      else
        list.back().second = part;
      text += length + 1;
    }
    return list;
  }

  /// The bytes as a Protobuf message.
  template <typename Message> Message proto() {
    Message message;
    message.ParseFromArray(data_, size_);
    return message;
  }

private:
  uint32_t number(size_t index) const {
    uint32_t value;
    memcpy(&value, data_ + index * sizeof(value), sizeof(value));
    return value;
  }

  const char *data_;
  size_t size_;
};

using WasmDataPtr = std::unique_ptr<WasmData>;

// A list of pairs in the form of the ABI: count, sizes, then texts that each end with a zero byte.

/// How many bytes it takes.
template <typename Pairs> size_t pairsSize(const Pairs &pairs) {
  size_t size = sizeof(uint32_t);
  for (const auto &[name, value] : pairs)
    size += 2 * sizeof(uint32_t) + name.size() + 1 + value.size() + 1;
  return size;
}

/// Writes it to where there are `pairsSize(pairs)` bytes.
template <typename Pairs> void marshalPairs(const Pairs &pairs, char *buffer) {
  const auto number = [&buffer](size_t value) {
    const auto word = static_cast<uint32_t>(value);
    memcpy(buffer, &word, sizeof(word));
    buffer += sizeof(word);
  };
  const auto text = [&buffer](std::string_view bytes) {
    memcpy(buffer, bytes.data(), bytes.size());
    buffer += bytes.size();
    *buffer++ = 0;
  };
  number(pairs.size());
  for (const auto &[name, value] : pairs) {
    number(name.size());
    number(value.size());
  }
  for (const auto &[name, value] : pairs) {
    text(name);
    text(value);
  }
}

/// The same in memory of malloc, which the caller frees; null for no pairs.
template <typename Pairs> void exportPairs(const Pairs &pairs, const char **data, size_t *size) {
  *size = pairs.empty() ? 0 : pairsSize(pairs);
  char *buffer = pairs.empty() ? nullptr : static_cast<char *>(malloc(*size));
  if (buffer != nullptr) marshalPairs(pairs, buffer);
  *data = buffer;
}
inline void MakeHeaderStringPairsBuffer(const HeaderStringPairs &headers, void **data, size_t *size) {
  const char *bytes = nullptr;
  exportPairs(headers, &bytes, size);
  *data = const_cast<char *>(bytes);
}

/// Lets std::unordered_map have pairs, or groups of three, as keys.
struct PairHash {
  template <typename A, typename B> size_t operator()(const std::pair<A, B> &key) const {
    return std::hash<A>()(key.first) * 31 + std::hash<B>()(key.second);
  }
};
struct Tuple3Hash {
  template <typename A, typename B, typename C> size_t operator()(const std::tuple<A, B, C> &key) const {
    const auto &[a, b, c] = key;
    return PairHash()(std::pair(PairHash()(std::pair(a, b)), c));
  }
};

namespace proxy_wasm_detail {

template <typename Pairs> std::string serialize(const Pairs &pairs) {
  std::string bytes(pairs.empty() ? 0 : pairsSize(pairs), '\0');
  if (!bytes.empty()) marshalPairs(pairs, bytes.data());
  return bytes;
}

/// There for classes that write themselves as Protobuf messages do.
template <typename Message>
using IfMessage = decltype(std::declval<const Message &>().SerializeToString(std::declval<std::string *>()));

/// Calls `ask(&data, &size)` and owns what the proxy put there.
template <typename Ask> WasmDataPtr receive(Ask ask, WasmResult *result = nullptr) {
  const char *data = nullptr;
  size_t size = 0;
  const WasmResult answer = ask(&data, &size);
  if (result != nullptr) *result = answer;
  return std::make_unique<WasmData>(data, size);
}

} // namespace proxy_wasm_detail
