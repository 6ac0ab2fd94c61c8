// One value of a document that a JsonReader has parsed (RFC 8259).
//
// A view: valid until its reader parses again, wipes or dies. Belongs to the reader's shard. The document was
// checked whole before the first JsonValue existed: what can still go wrong is a member that is missing or of
// another type. Strings are valid UTF-8 with escapes resolved; they may contain NUL ("\u0000"): compare
// lengths, not C strings.
//
// It walks simdjson's tape (its doc/tape.md), whose words are: type in the top byte, then for { and [ the
// index of the matching bracket's successor, for a string the offset of its length (4 bytes, then the bytes)
// in the string buffer; a number is in the word that follows. So reading costs no call and this header none
// of simdjson's 31 000 lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <string_view>

#include "core/base/result.h"

namespace claviger::codec {

enum class JsonKind : std::uint8_t { Null, Bool, Integer, Double, String, Array, Object };

class JsonArray;
class JsonObject;

class JsonValue {
 public:
  JsonValue(const std::uint64_t* tape, const std::uint8_t* strings, std::size_t index)
      : tape_(tape), strings_(strings), index_(index) {}

  JsonKind kind() const;
  bool is_null() const { return type() == 'n'; }

  // JsonType when the value is of another kind; OutOfRange when an integer does not fit. 1.0 is not an
  // integer.
  Result<std::string_view> as_string() const;
  Result<bool> as_bool() const;
  Result<std::int64_t> as_int() const;
  Result<std::uint64_t> as_uint() const;
  // Any number; integers beyond 2^53 are rounded.
  Result<double> as_double() const;
  // NumericDate (RFC 7519 clause 2): seconds, a fraction is allowed and dropped. OutOfRange outside [0, 2^53
  // - 1].
  Result<std::int64_t> as_numeric_date() const;
  Result<JsonArray> as_array() const;
  Result<JsonObject> as_object() const;

 private:
  friend class JsonArray;
  friend class JsonObject;

  char type() const { return static_cast<char>(tape_[index_] >> 56U); }
  std::uint64_t number_word() const { return tape_[index_ + 1]; }
  std::string_view text() const;
  // The index of the value that follows this one.
  std::size_t after() const;

  const std::uint64_t* tape_;
  const std::uint8_t* strings_;
  std::size_t index_;
};

// The elements in their order: for (const JsonValue value : array).
class JsonArray {
 public:
  class Iterator {
   public:
    explicit Iterator(JsonValue at) : at_(at) {}
    JsonValue operator*() const { return at_; }
    Iterator& operator++() {
      at_.index_ = at_.after();
      return *this;
    }
    bool operator==(const Iterator& other) const { return at_.index_ == other.at_.index_; }

   private:
    JsonValue at_;
  };

  Iterator begin() const { return Iterator(JsonValue(self_.tape_, self_.strings_, self_.index_ + 1)); }
  Iterator end() const { return Iterator(JsonValue(self_.tape_, self_.strings_, self_.after() - 1)); }
  // Exact: the reader's limits are far below the 2^24 at which the tape's count saturates.
  std::size_t size() const { return (self_.tape_[self_.index_] >> 32U) & 0xFFFFFFU; }
  bool empty() const { return size() == 0; }

 private:
  friend class JsonValue;
  explicit JsonArray(JsonValue self) : self_(self) {}
  JsonValue self_;
};

struct JsonMember {
  std::string_view name;
  JsonValue value;
};

// The members in the document's order; names are unique. To read many, walk once: find() looks at each name
// in turn.
class JsonObject {
 public:
  class Iterator {
   public:
    explicit Iterator(JsonValue name) : name_(name) {}
    JsonMember operator*() const {
      return {name_.text(), JsonValue(name_.tape_, name_.strings_, name_.index_ + 1)};
    }
    Iterator& operator++() {
      ++name_.index_;
      name_.index_ = name_.after();
      return *this;
    }
    bool operator==(const Iterator& other) const { return name_.index_ == other.name_.index_; }

   private:
    JsonValue name_;
  };

  Iterator begin() const { return Iterator(JsonValue(self_.tape_, self_.strings_, self_.index_ + 1)); }
  Iterator end() const { return Iterator(JsonValue(self_.tape_, self_.strings_, self_.after() - 1)); }
  std::size_t size() const { return (self_.tape_[self_.index_] >> 32U) & 0xFFFFFFU; }
  bool empty() const { return size() == 0; }

  std::optional<JsonValue> find(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name).has_value(); }
  // JsonMissing when there is no such member; then as above.
  Result<JsonValue> at(std::string_view name) const;
  Result<std::string_view> string_at(std::string_view name) const;
  Result<std::int64_t> int_at(std::string_view name) const;
  Result<bool> bool_at(std::string_view name) const;

 private:
  friend class JsonValue;
  explicit JsonObject(JsonValue self) : self_(self) {}
  JsonValue self_;
};

inline constexpr Error kJsonTypeError{Code::JsonType, "json"};

inline std::string_view JsonValue::text() const {
  const std::uint8_t* at = strings_ + static_cast<std::uint32_t>(tape_[index_]);
  std::uint32_t size = 0;
  std::memcpy(&size, at, sizeof size);
  return {reinterpret_cast<const char*>(at + sizeof size), size};
}

// Without a jump per kind (bench json: nine finds, 0.6x the time): the low 6 bits of the type tell the kinds
// apart.
inline std::size_t JsonValue::after() const {
  constexpr auto bit = [](char type) { return std::uint64_t{1} << (static_cast<unsigned>(type) & 63U); };
  constexpr std::uint64_t kContainers = bit('{') | bit('[');
  constexpr std::uint64_t kNumbers = bit('l') | bit('u') | bit('d');
  const std::uint64_t word = tape_[index_];
  const std::uint64_t kind = std::uint64_t{1} << (word >> 56U & 63U);
  if ((kind & kContainers) != 0) return static_cast<std::uint32_t>(word);
  return index_ + 1 + ((kind & kNumbers) != 0 ? 1 : 0);
}

inline Result<std::string_view> JsonValue::as_string() const {
  if (type() != '"') return kJsonTypeError;
  return text();
}

inline Result<bool> JsonValue::as_bool() const {
  if (type() == 't') return true;
  if (type() == 'f') return false;
  return kJsonTypeError;
}

inline Result<JsonArray> JsonValue::as_array() const {
  if (type() != '[') return kJsonTypeError;
  return JsonArray(*this);
}

inline Result<JsonObject> JsonValue::as_object() const {
  if (type() != '{') return kJsonTypeError;
  return JsonObject(*this);
}

inline std::optional<JsonValue> JsonObject::find(std::string_view name) const {
  for (const JsonMember member : *this) {
    if (member.name == name) return member.value;
  }
  return std::nullopt;
}

}  // namespace claviger::codec
