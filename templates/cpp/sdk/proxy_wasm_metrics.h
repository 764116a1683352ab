// Metrics with tags. The tags become part of the name, before it: tag.value.name.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "proxy_wasm_hostcalls.h"

struct MetricTag {
  enum class TagType : uint32_t { String, Int, Bool };
  std::string name;
  TagType tagType = TagType::String;
};

/// Names a tag and the type of its values: Counter<std::string>::New("requests", "method").
template <typename T> struct MetricTagDescriptor {
  using type = T;
  MetricTagDescriptor(std::string_view text) : name(text) {}
  MetricTagDescriptor(const char *text) : name(text) {}
  std::string_view name;
};

/// The tag of a descriptor; to be specialized for types of the filter's own.
template <typename T> MetricTag toMetricTag(const MetricTagDescriptor<T> &descriptor) {
  using Type = MetricTag::TagType;
  constexpr Type type = std::is_same_v<T, bool> ? Type::Bool
                        : std::is_integral_v<T> ? Type::Int
                                                : Type::String;
  return {std::string(descriptor.name), type};
}

/// A tag's value as text; to be specialized for types of the filter's own.
template <typename T> std::string toString(T value) {
  if constexpr (std::is_same_v<T, bool>)
    return value ? "true" : "false";
  else if constexpr (std::is_convertible_v<T, std::string_view>)
    return std::string(std::string_view(value));
  else
    return std::to_string(value);
}

/// Text is taken without a copy where it is only looked at.
template <typename T> struct StringToStringView {
  using type = T;
};
template <> struct StringToStringView<std::string> {
  using type = std::string_view;
};

/// What all metrics share: the full name for given tag values, and its number in the proxy.
struct MetricBase {
  MetricBase(MetricType t, std::string_view n, std::vector<MetricTag> ts = {}, std::string fields = ".",
             std::string values = ".")
      : type(t), name(n), tags(std::move(ts)), field_separator(std::move(fields)),
        value_separator(std::move(values)) {}

  uint32_t resolveFullName(const std::string &full) {
    auto [entry, fresh] = metric_ids.try_emplace(full, 0);
    if (fresh) CHECK_RESULT(defineMetric(type, full, &entry->second));
    return entry->second;
  }

  uint32_t resolveWithFields(const std::vector<std::string> &fields) {
    if (fields.size() != tags.size()) logAbort("metric " + name + ": a value for each tag is needed");
    return resolveFullName(prefixWithFields(fields) + name);
  }

  std::string prefixWithFields(const std::vector<std::string> &fields) {
    std::string text = prefix;
    for (size_t i = 0; i < fields.size(); i++) {
      text += tags[i].name + value_separator + fields[i] + field_separator;
    }
    return text;
  }

  /// Gives the first tags their values; what is left needs the others.
  void partiallyResolveWithFields(const std::vector<std::string> &fields) {
    if (fields.size() >= tags.size()) logAbort("metric " + name + ": too many values");
    prefix = prefixWithFields(fields);
    tags.erase(tags.begin(), tags.begin() + static_cast<long>(fields.size()));
  }

  /// The full name that got this number here; empty: none did.
  std::string nameFromIdSlow(uint32_t metric) {
    for (const auto &[full, number] : metric_ids)
      if (number == metric) return full;
    return "";
  }

  MetricType type;
  std::string name;
  std::string prefix;
  std::vector<MetricTag> tags;
  std::string field_separator;
  std::string value_separator;
  std::unordered_map<std::string, uint32_t> metric_ids;

protected:
  uint64_t read(uint32_t metric) {
    uint64_t value = 0;
    CHECK_RESULT(getMetric(metric, &value));
    return value;
  }
};

/// A metric whose tags are known at run time only.
struct Metric : MetricBase {
  using MetricBase::MetricBase;

  template <typename... Values> uint32_t resolve(Values... values) {
    return resolveWithFields({toString(values)...});
  }
  template <typename... Values> Metric partiallyResolve(Values... values) {
    Metric rest = *this;
    rest.partiallyResolveWithFields({toString(values)...});
    return rest;
  }
  template <typename... Values> void increment(int64_t offset, Values... values) {
    incrementMetric(resolve(values...), offset);
  }
  template <typename... Values> void record(uint64_t value, Values... values) {
    recordMetric(resolve(values...), value);
  }
  template <typename... Values> uint64_t get(Values... values) { return read(resolve(values...)); }
};

namespace proxy_wasm_detail {

/// Counter, Gauge and Histogram: `Self` is the class itself with other tags, `Simple` what `resolve` gives.
template <MetricType Type, template <typename...> class Self, typename Simple, typename... Tags>
struct TypedMetric : MetricBase {
  template <typename... T>
  TypedMetric(std::string_view name, MetricTagDescriptor<T>... descriptors)
      : MetricBase(Type, name, {toMetricTag(descriptors)...}) {}

  static Self<Tags...> *New(std::string_view name, MetricTagDescriptor<Tags>... descriptors) {
    return new Self<Tags...>(name, descriptors...);
  }
  Simple resolve(Tags... values) { return Simple(id(values...)); }

  template <typename... More>
  Self<More...> *extendAndResolve(Tags... values, MetricTagDescriptor<More>... descriptors) {
    auto *metric = Self<More...>::New(name, descriptors...);
    metric->prefix = prefixWithFields({toString(values)...});
    return metric;
  }

protected:
  template <typename... Values> uint32_t id(const Values &...values) {
    return resolveWithFields({toString(values)...});
  }
};

} // namespace proxy_wasm_detail

/// One counter with all its tags given.
struct SimpleCounter {
  SimpleCounter(uint32_t id) : metric_id(id) {}
  void increment(int64_t offset) { incrementMetric(metric_id, offset); }
  void record(int64_t offset) { increment(offset); }
  void operator++() { increment(1); }
  void operator++(int) { increment(1); }
  uint64_t get() {
    uint64_t value = 0;
    CHECK_RESULT(getMetric(metric_id, &value));
    return value;
  }
  uint32_t metric_id;
};

struct SimpleGauge {
  SimpleGauge(uint32_t id) : metric_id(id) {}
  void record(uint64_t value) { recordMetric(metric_id, value); }
  uint64_t get() {
    uint64_t value = 0;
    CHECK_RESULT(getMetric(metric_id, &value));
    return value;
  }
  uint32_t metric_id;
};

struct SimpleHistogram {
  SimpleHistogram(uint32_t id) : metric_id(id) {}
  void record(int64_t value) { recordMetric(metric_id, static_cast<uint64_t>(value)); }
  uint32_t metric_id;
};

template <typename... Tags>
struct Counter : proxy_wasm_detail::TypedMetric<MetricType::Counter, Counter, SimpleCounter, Tags...> {
  using Counter::TypedMetric::TypedMetric;
  void increment(int64_t offset, Tags... values) { incrementMetric(this->id(values...), offset); }
  void record(int64_t offset, Tags... values) { increment(offset, values...); }
  uint64_t get(Tags... values) { return this->read(this->id(values...)); }
};

template <typename... Tags>
struct Gauge : proxy_wasm_detail::TypedMetric<MetricType::Gauge, Gauge, SimpleGauge, Tags...> {
  using Gauge::TypedMetric::TypedMetric;
  void record(int64_t value, typename StringToStringView<Tags>::type... values) {
    recordMetric(this->id(values...), static_cast<uint64_t>(value));
  }
  uint64_t get(Tags... values) { return this->read(this->id(values...)); }
};

template <typename... Tags>
struct Histogram
    : proxy_wasm_detail::TypedMetric<MetricType::Histogram, Histogram, SimpleHistogram, Tags...> {
  using Histogram::TypedMetric::TypedMetric;
  void record(int64_t value, typename StringToStringView<Tags>::type... values) {
    recordMetric(this->id(values...), static_cast<uint64_t>(value));
  }
};
