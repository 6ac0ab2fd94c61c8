// Writes one JSON text (RFC 8259) to the end of a SlabWriter or std::string, without a tree in between.
//
//   JsonWriter json(sink);
//   json.begin_object().member("iss", issuer).member("exp",
//   expiry).name("aud").begin_array().value(a).end_array(); json.end_object();
//
// The order of calls is ours, so a mistake in it (a value without a name, an end without a begin) is an
// assertion. Output is valid UTF-8 whatever goes in. The sink is borrowed. One thread at a time.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <string_view>

#include "core/base/assert.h"
#include "core/codec/json_escape.h"
#include "core/codec/text_sink.h"

namespace claviger::codec {

// One bit each in a word; nothing we write goes deeper than 10.
inline constexpr unsigned kJsonWriterDepthMax = 32;
inline constexpr double kDoubleWrittenOut = 1e15;

template <TextSink Sink>
class JsonWriter {
 public:
  explicit JsonWriter(Sink& sink) : sink_(&sink) {}

  JsonWriter& begin_object() { return begin('{', true); }
  JsonWriter& end_object() { return end('}', true); }
  JsonWriter& begin_array() { return begin('[', false); }
  JsonWriter& end_array() { return end(']', false); }

  JsonWriter& name(std::string_view text) {
    CLAVIGER_ASSERT(in_object() && !named_);
    put_string(has_elements() ? "," : "", text, ":");
    mark_element();
    named_ = true;
    return *this;
  }

  JsonWriter& value(std::string_view text) {
    before_value();
    put_string("", text, "");
    return *this;
  }
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }  // or it would become a bool
  JsonWriter& value(std::same_as<bool> auto truth) { return raw(truth ? "true" : "false"); }
  template <std::integral T>
  requires(!std::same_as<T, bool> && !std::same_as<T, char>) JsonWriter& value(T number) {
    char digits[24];
    const auto written = std::to_chars(digits, digits + sizeof digits, number);
    return raw({digits, static_cast<std::size_t>(written.ptr - digits)});
  }
  // The shortest text that reads back as the same number; finite only. Large ones get an exponent: written
  // out they would be integers that do not fit 64 bits, which strict readers, ours among them, refuse.
  JsonWriter& value(std::same_as<double> auto number) {
    CLAVIGER_ASSERT(std::isfinite(number));
    char digits[32];
    char* const end = digits + sizeof digits;
    const auto written = std::abs(number) < kDoubleWrittenOut
                             ? std::to_chars(digits, end, number)
                             : std::to_chars(digits, end, number, std::chars_format::scientific);
    return raw({digits, static_cast<std::size_t>(written.ptr - digits)});
  }
  JsonWriter& null() { return raw("null"); }
  // A value that is JSON already, such as a stored JWK. Not checked.
  JsonWriter& raw(std::string_view json) {
    before_value();
    put(json);
    return *this;
  }

  template <typename T>
  JsonWriter& member(std::string_view its_name, const T& its_value) {
    return name(its_name).value(its_value);
  }

  // Exactly one value was written and everything begun was ended.
  bool is_complete() const { return depth_ == 0 && has_elements(); }

 private:
  bool in_object() const { return (objects_ >> depth_ & 1U) != 0; }
  bool has_elements() const { return (elements_ >> depth_ & 1U) != 0; }
  void mark_element() { elements_ |= std::uint64_t{1} << depth_; }
  void put(std::string_view text) { append_text(*sink_, text); }

  void before_value() {
    if (in_object()) {
      CLAVIGER_ASSERT(named_);
      named_ = false;
      return;
    }
    if (has_elements()) {
      CLAVIGER_ASSERT(depth_ != 0);
      put(",");
    }
    mark_element();
  }

  JsonWriter& begin(char bracket, bool is_object) {
    before_value();
    CLAVIGER_ASSERT(depth_ < kJsonWriterDepthMax);
    ++depth_;
    const std::uint64_t bit = std::uint64_t{1} << depth_;
    elements_ &= ~bit;
    objects_ = is_object ? objects_ | bit : objects_ & ~bit;
    put({&bracket, 1});
    return *this;
  }

  JsonWriter& end(char bracket, bool is_object) {
    CLAVIGER_ASSERT(depth_ != 0 && in_object() == is_object && !named_);
    put({&bracket, 1});
    --depth_;
    return *this;
  }

  // A string with what stands around it; in one piece when nothing in it needs an escape.
  void put_string(std::string_view before, std::string_view text, std::string_view behind) {
    if (!is_plain_json(text)) {
      put(before);
      put("\"");
      append_with(*sink_, json_escaped_size(text), [&](char* out) { return json_escape(text, out); });
      put("\"");
      put(behind);
      return;
    }
    append_with(*sink_, before.size() + text.size() + behind.size() + 2, [&](char* out) {
      char* at = std::copy(before.begin(), before.end(), out);
      *at++ = '"';
      at = std::copy(text.begin(), text.end(), at);
      *at++ = '"';
      return static_cast<std::size_t>(std::copy(behind.begin(), behind.end(), at) - out);
    });
  }

  Sink* sink_;
  std::uint64_t objects_ = 0;   // bit n: the container at depth n is an object
  std::uint64_t elements_ = 0;  // bit n: it has an element already
  unsigned depth_ = 0;
  bool named_ = false;  // a name was written and waits for its value
};

}  // namespace claviger::codec
