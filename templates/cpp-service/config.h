// The configuration and the decisions that follow from it. Knows nothing of a proxy.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

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
        const char *end = field.text.data() + field.text.size();
        if (std::from_chars(field.text.data(), end, interval_ms).ec != std::errc()) interval_ms = 0;
      } else if (field.name == "cluster" && field.is_text) {
        cluster = field.text;
      } else if (field.name == "path" && field.is_text) {
        path = field.text;
      } else {
        return "unknown field or wrong type: \"" + field.name + "\"";
      }
    }
    if (!json.problem().empty()) return json.problem();
    return interval_ms == 0 ? "intervalMs must be from 1 to 4294967295" : "";
  }
};

/// Whether an answer with this :status means that the service is up; empty: there was no answer.
inline bool isUp(std::string_view status) { return status.starts_with("2"); }
