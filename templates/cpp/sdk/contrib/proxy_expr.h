// Expressions that the proxy evaluates on the stream (Envoy's CEL). Include it after proxy_wasm_intrinsics.h.
#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace proxy_wasm_detail {

inline std::string_view bytesOf(const uint32_t &token) {
  return {reinterpret_cast<const char *>(&token), sizeof(token)};
}

inline WasmDataPtr callForeign(std::string_view function, std::string_view argument, WasmResult *result) {
  return receive(
      [&](const char **data, size_t *size) {
        char *answer = nullptr;
        const auto ended = proxy_call_foreign_function(function.data(), function.size(), argument.data(),
                                                       argument.size(), &answer, size);
        *data = answer;
        return ended;
      },
      result);
}

} // namespace proxy_wasm_detail

/// Compiles an expression once, for instance in onConfigure: `request.path.startsWith("/a")`.
inline WasmResult createExpression(std::string_view expression, uint32_t *token) {
  WasmResult result;
  const auto data = proxy_wasm_detail::callForeign("expr_create", expression, &result);
  if (result == WasmResult::Ok && data->size() == sizeof(*token)) memcpy(token, data->data(), sizeof(*token));
  return result;
}

/// The value as bytes: text as it is, numbers and booleans as in memory. Nothing when it has none.
inline std::optional<WasmDataPtr> exprEvaluate(uint32_t token) {
  WasmResult result;
  auto data = proxy_wasm_detail::callForeign("expr_evaluate", proxy_wasm_detail::bytesOf(token), &result);
  if (result != WasmResult::Ok) return std::nullopt;
  return data;
}

inline WasmResult exprDelete(uint32_t token) {
  WasmResult result;
  proxy_wasm_detail::callForeign("expr_delete", proxy_wasm_detail::bytesOf(token), &result);
  return result;
}

/// False when there is no value, or one of another type.
template <typename T> bool evaluateExpression(uint32_t token, T *out) {
  const auto found = exprEvaluate(token);
  return found && proxy_wasm_detail::assign(**found, out);
}

/// For values that are Protobuf messages. True with an untouched message for null.
template <typename T> bool evaluateMessage(uint32_t token, T *out) {
  const auto found = exprEvaluate(token);
  return found && proxy_wasm_detail::assignMessage(**found, out);
}
