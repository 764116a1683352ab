// The configuration and the decisions that follow from it. Knows nothing of a proxy.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "json.h"

struct Config {
  /// Cluster that is watched. Empty: none.
  std::string cluster;
  /// What is asked for there.
  std::string path = "/";
  /// Time between two checks, and how long an answer may take.
  uint32_t interval_ms = 1000;

  /// Nothing means the defaults. Returns what is wrong.
  std::string parse(std::string_view text) {
    *this = Config();
    if (text.find_first_not_of(" \t\r\n") == text.npos) return "";
    const JsonObject json(text);
    for (const auto &field : json.fields()) {
      if (field.name == "intervalMs" && !field.is_text) {
        interval_ms = static_cast<uint32_t>(strtoul(field.text.c_str(), nullptr, 10));
      } else if (field.name == "cluster" && field.is_text) {
        cluster = field.text;
      } else if (field.name == "path" && field.is_text) {
        path = field.text;
      } else {
        return "unknown field or wrong type: \"" + field.name + "\"";
      }
    }
    if (interval_ms == 0) return "intervalMs must be more than 0";
    return json.problem();
  }
};

/// Whether an answer with this :status means that the service is up; empty: there was no answer.
inline bool isUp(std::string_view status) { return status.starts_with("2"); }
