#include "core/codec/json_copy.h"

#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "core/base/assert.h"

namespace claviger::codec {
namespace {

constexpr std::uint64_t word_of(char type, std::uint64_t payload = 0) {
  return std::uint64_t{static_cast<std::uint8_t>(type)} << 56U | payload;
}

// Words grow from the front of the room, strings from its back; both count from its front.
class Copier {
 public:
  explicit Copier(MutableBytes room) : room_(room), back_(room.size()) {}

  bool put_word(std::uint64_t word) {
    if (back_ - words_ * sizeof word < sizeof word) return false;
    std::memcpy(room_.data() + words_ * sizeof word, &word, sizeof word);
    ++words_;
    return true;
  }
  bool put_number(char type, std::uint64_t bits) { return put_word(word_of(type)) && put_word(bits); }
  bool put_string(std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    if (back_ - words_ * sizeof(std::uint64_t) < sizeof size + text.size()) return false;
    back_ -= sizeof size + text.size();
    std::memcpy(room_.data() + back_, &size, sizeof size);
    if (size != 0) std::memcpy(room_.data() + back_ + sizeof size, text.data(), text.size());
    return put_word(word_of('"', back_));
  }
  bool put_scalar(const JsonValue& value) {
    switch (value.kind()) {
      case JsonKind::Null:
        return put_word(word_of('n'));
      case JsonKind::Bool:
        return put_word(word_of(*value.as_bool() ? 't' : 'f'));
      case JsonKind::String:
        return put_string(*value.as_string());
      case JsonKind::Double:
        return put_number('d', std::bit_cast<std::uint64_t>(*value.as_double()));
      case JsonKind::Integer:
        if (const auto number = value.as_int()) return put_number('l', std::bit_cast<std::uint64_t>(*number));
        return put_number('u', *value.as_uint());
      case JsonKind::Array:
      case JsonKind::Object:
        break;
    }
    return false;
  }

  // Containers: their first word names the word behind them and how many they hold.
  bool open(char type, std::size_t count) {
    if (depth_ == opened_.size()) return false;
    opened_[depth_++] = {words_, count, type};
    return put_word(0);
  }
  bool close() {
    const Opened opened = opened_[--depth_];
    if (!put_word(word_of(opened.type == '{' ? '}' : ']', opened.word))) return false;
    const std::uint64_t word = word_of(opened.type, std::uint64_t{opened.count} << 32U | words_);
    std::memcpy(room_.data() + opened.word * sizeof word, &word, sizeof word);
    return true;
  }

  JsonValue root() const {
    return {reinterpret_cast<const std::uint64_t*>(room_.data()), reinterpret_cast<const std::uint8_t*>(room_.data()),
            0};
  }

 private:
  struct Opened {
    std::size_t word = 0;
    std::size_t count = 0;
    char type = 0;
  };
  MutableBytes room_;
  std::size_t words_ = 0;
  std::size_t back_;
  std::size_t depth_ = 0;
  std::array<Opened, kJsonCopyDepthMax> opened_;
};

// What of a container is still to be copied.
struct Rest {
  std::optional<JsonObject::Iterator> member, member_end;
  std::optional<JsonArray::Iterator> element, element_end;

  explicit Rest(const JsonObject& object) : member(object.begin()), member_end(object.end()) {}
  explicit Rest(const JsonArray& array) : element(array.begin()), element_end(array.end()) {}
  bool is_empty() const { return member ? *member == *member_end : *element == *element_end; }
};

// Where we are: the ways back, as many as the copier lets containers be opened.
struct Path {
  std::array<std::optional<Rest>, kJsonCopyDepthMax> rests;
  std::size_t depth = 0;
};

bool enter(Copier& copier, Path& path, const JsonObject& object) {
  if (!copier.open('{', object.size())) return false;
  path.rests[path.depth++].emplace(object);
  return true;
}
bool enter(Copier& copier, Path& path, const JsonArray& array) {
  if (!copier.open('[', array.size())) return false;
  path.rests[path.depth++].emplace(array);
  return true;
}
bool enter_or_put(Copier& copier, Path& path, const JsonValue& value) {
  if (const auto object = value.as_object()) return enter(copier, path, *object);
  if (const auto array = value.as_array()) return enter(copier, path, *array);
  return copier.put_scalar(value);
}

bool copy_next(Copier& copier, Path& path, Rest& rest) {
  if (!rest.member) {
    const JsonValue element = **rest.element;
    ++*rest.element;
    return enter_or_put(copier, path, element);
  }
  const JsonMember member = **rest.member;
  ++*rest.member;
  return copier.put_string(member.name) && enter_or_put(copier, path, member.value);
}

}  // namespace

std::optional<JsonValue> copy_json(const JsonObject& object, MutableBytes room) {
  CLAVIGER_ASSERT(reinterpret_cast<std::uintptr_t>(room.data()) % alignof(std::uint64_t) == 0);
  CLAVIGER_ASSERT(room.size() <= std::numeric_limits<std::uint32_t>::max());
  Copier copier(room);
  Path path;
  if (!enter(copier, path, object)) return std::nullopt;
  while (path.depth > 0) {
    Rest& rest = *path.rests[path.depth - 1];
    if (rest.is_empty()) {
      if (!copier.close()) return std::nullopt;
      --path.depth;
      continue;
    }
    if (!copy_next(copier, path, rest)) return std::nullopt;
  }
  return copier.root();
}

}  // namespace claviger::codec
