// The plugin configuration and the decisions that follow from it. Knows nothing of a proxy.
#pragma once

#include <string>
#include <string_view>

#include "json.h"

struct Config {
  /// Line that is sent to the client before the upstream's first data. Empty: none.
  std::string banner;
  /// Connections whose first data starts with this are closed. Empty: none.
  std::string blocked_prefix = "BLOCKED";

  /// Nothing means the defaults. Returns what is wrong.
  std::string parse(std::string_view text) {
    *this = Config();
    if (text.find_first_not_of(" \t\r\n") == text.npos) return "";
    const JsonObject json(text);
    for (const auto &field : json.fields()) {
      std::string *target = field.name == "banner"          ? &banner
                            : field.name == "blockedPrefix" ? &blocked_prefix
                                                            : nullptr;
      if (target == nullptr) return "unknown field \"" + field.name + "\"";
      if (!field.is_text) return "\"" + field.name + "\" must be a text";
      *target = field.text;
    }
    return json.problem();
  }

  /// Whether a connection that starts with this data is closed.
  bool blocks(std::string_view data) const {
    return !blocked_prefix.empty() && data.starts_with(blocked_prefix);
  }
};
