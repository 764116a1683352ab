// The plugin configuration and the decisions that follow from it. Knows nothing of a proxy.
#pragma once

#include <string>
#include <string_view>

#include "json.h"

struct Config {
  /// Value of the header x-greeting on requests and responses.
  std::string greeting = "hello";
  /// Requests for this path, or anything below it, are answered by the filter. Empty: none.
  std::string blocked_path = "/blocked";
  /// Cluster that is asked before a request goes on. Empty: nobody is asked.
  std::string check_cluster;

  /// Nothing means the defaults, a JSON object is read, other text is the greeting. Returns what is wrong.
  std::string parse(std::string_view text) {
    *this = Config();
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == text.npos) return "";
    if (text[first] != '{') {
      greeting = text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
      return "";
    }
    const JsonObject json(text);
    for (const auto &field : json.fields()) {
      std::string *target = field.name == "greeting"       ? &greeting
                            : field.name == "blockedPath"  ? &blocked_path
                            : field.name == "checkCluster" ? &check_cluster
                                                           : nullptr;
      if (target == nullptr) return "unknown field \"" + field.name + "\"";
      if (!field.is_text) return "\"" + field.name + "\" must be a text";
      *target = field.text;
    }
    return json.problem();
  }

  /// Whether the filter answers this :path itself.
  bool blocks(std::string_view path) const {
    if (blocked_path.empty()) return false;
    const auto plain = path.substr(0, path.find('?'));
    return plain == blocked_path || plain.starts_with(blocked_path + "/");
  }
};

enum class Verdict { allow, deny, unavailable };

/// What the :status of the check's answer means for the request; empty: there was no answer.
inline Verdict judge(std::string_view status) {
  if (status == "200") return Verdict::allow;
  return status.empty() || status.starts_with("5") ? Verdict::unavailable : Verdict::deny;
}
