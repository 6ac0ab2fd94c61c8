#include "core/codec/json_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>

#include "core/base/secret.h"

namespace claviger::codec {

static_assert(kJsonPadding >= simdjson::SIMDJSON_PADDING);

namespace {

// What the first texts need without allocating again: a token's claims, a token request.
constexpr std::size_t kCapacityAtFirst = 4096;

// Up to here comparing each name with those before it is cheaper than sorting (bench json: claims in 0.88x
// the time).
constexpr std::size_t kNamesComparedMax = 16;

Error error_of(simdjson::error_code code) {
  switch (code) {
    case simdjson::DEPTH_ERROR:
      return {Code::TooDeep, "json"};
    case simdjson::UTF8_ERROR:
      return {Code::Utf8Invalid, "json"};
    case simdjson::EMPTY:
      return {Code::Empty, "json"};
    case simdjson::CAPACITY:
      return {Code::TooLarge, "json"};
    case simdjson::MEMALLOC:
      return {Code::Overload, "json"};
    default:
      return {Code::JsonSyntax, "json"};
  }
}

char type_of(std::uint64_t word) { return static_cast<char>(word >> 56U); }
std::size_t count_of(std::uint64_t word) { return (word >> 32U) & 0xFFFFFFU; }

template <typename T>
std::uint64_t load(const char* from) {
  T value = 0;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// A number of a name's length, front and back, so that different names seldom need to be compared. Names may
// be chosen to have the same number: that costs comparisons, whose count the callers bound, and nothing else.
std::uint64_t mix(std::string_view name) {
  const std::size_t size = name.size();
  const char* at = name.data();
  std::uint64_t front = 0;
  std::uint64_t back = 0;
  if (size >= 8) {
    front = load<std::uint64_t>(at);
    back = load<std::uint64_t>(at + size - 8);
  } else if (size >= 4) {
    front = load<std::uint32_t>(at);
    back = load<std::uint32_t>(at + size - 4);
  } else if (size != 0) {
    front = load<std::uint8_t>(at) << 8U | load<std::uint8_t>(at + size - 1);
    back = load<std::uint8_t>(at + size / 2);
  }
  return front * 0x9E3779B97F4A7C15U ^ std::rotl(back * 0xC2B2AE3D27D4EB4FU, 32) ^ size << 58U;
}

// A member's name.
struct Name {
  std::uint64_t mixed = 0;
  std::string_view text;

  bool operator==(const Name& other) const { return mixed == other.mixed && text == other.text; }
  bool operator<(const Name& other) const {
    return mixed != other.mixed ? mixed < other.mixed : text < other.text;
  }
};
using Names = std::array<Name, kJsonMembersMax>;

// Few names: one bit of 64 per name seen, so that most are known to be new without looking at the others.
bool has_duplicate_of_few(std::span<const Name> names) {
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::uint64_t bit = std::uint64_t{1} << (names[i].mixed >> 58U);
    if ((seen & bit) != 0) {
      for (std::size_t j = 0; j < i; ++j) {
        if (names[i] == names[j]) return true;
      }
    }
    seen |= bit;
  }
  return false;
}

// Many: sorting needs no secret key as a hash table would against chosen names, and at most about 8
// comparisons each.
bool has_duplicate_of_many(std::span<Name> names) {
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

}  // namespace

struct JsonReader::State {
  JsonLimits limits;
  simdjson::dom::parser parser;
  std::size_t capacity = 0;
  std::unique_ptr<char[]> padded;
  std::size_t padded_capacity = 0;
  Names names;

  void wipe() noexcept;
  void wipe_strings() noexcept;
  Result<Unit> make_room(std::size_t size);
  Result<JsonValue> parse(std::string_view text);
  Result<Unit> check_tape();
  Result<Unit> check_names(JsonObject object);
};

JsonReader::JsonReader(JsonLimits limits) : state_(std::make_unique<State>()) {
  CLAVIGER_ASSERT(limits.members_max <= kJsonMembersMax);
  CLAVIGER_ASSERT(limits.bytes_max <= simdjson::SIMDJSON_MAXSIZE_BYTES / 2);
  state_->limits = limits;
}
JsonReader::JsonReader(JsonReader&&) noexcept = default;
JsonReader& JsonReader::operator=(JsonReader&&) noexcept = default;
// Who asked had a password in there, or he had not: nobody has to think of it.
JsonReader::~JsonReader() {
  if (state_ != nullptr) state_->wipe();
}

Result<JsonValue> JsonReader::parse_padded(std::string_view text) {
  if (text.empty()) return Error{Code::Empty, "json"};
  if (text.size() > state_->limits.bytes_max) return Error{Code::TooLarge, "json"};
  return state_->parse(text);
}

Result<JsonValue> JsonReader::parse(std::string_view text) {
  if (text.size() > state_->limits.bytes_max) return Error{Code::TooLarge, "json"};
  if (text.size() > state_->padded_capacity) {
    state_->wipe();
    state_->padded_capacity = std::max(std::bit_ceil(text.size()), kCapacityAtFirst);
    state_->padded = std::make_unique<char[]>(state_->padded_capacity + kJsonPadding);
  }
  std::copy(text.begin(), text.end(), state_->padded.get());
  return parse_padded({state_->padded.get(), text.size()});
}

void JsonReader::wipe() noexcept { state_->wipe(); }

void JsonReader::State::wipe() noexcept {
  if (padded != nullptr) claviger::wipe({reinterpret_cast<std::byte*>(padded.get()), padded_capacity});
  wipe_strings();
}

void JsonReader::State::wipe_strings() noexcept {
  auto* strings = reinterpret_cast<std::byte*>(parser.doc.string_buf.get());
  // The size that simdjson gives its string buffer: 5/3 of the capacity, and no less.
  if (strings != nullptr) claviger::wipe({strings, capacity * 5 / 3});
}

// Grows by doubling, so that texts that get longer little by little do not each allocate.
Result<Unit> JsonReader::State::make_room(std::size_t size) {
  if (size <= capacity) return Unit{};
  const std::size_t wanted = std::max(std::bit_ceil(size), kCapacityAtFirst);
  wipe_strings();  // their buffer goes; the text, which may be ours, is to be read yet
  capacity = 0;
  // simdjson counts the document itself as a level.
  if (parser.allocate(wanted, limits.depth_max + 1) != simdjson::SUCCESS ||
      parser.doc.allocate(wanted) != simdjson::SUCCESS) {
    return Error{Code::Overload, "json"};
  }
  capacity = wanted;
  return Unit{};
}

Result<JsonValue> JsonReader::State::parse(std::string_view text) {
  CLAVIGER_TRY(room, make_room(text.size()));
  const auto parsed = parser.parse(text.data(), text.size(), false);
  if (parsed.error() != simdjson::SUCCESS) return error_of(parsed.error());
  CLAVIGER_TRY(checked, check_tape());
  return JsonValue(parser.doc.tape.get(), parser.doc.string_buf.get(), 1);
}

// One pass over all words, without recursion; each object it meets has its names compared, stepping over the
// values.
Result<Unit> JsonReader::State::check_tape() {
  const std::uint64_t* tape = parser.doc.tape.get();
  std::size_t values = 1;
  std::size_t depth = 0;  // simdjson's own count leaves an empty innermost container out
  for (std::size_t index = 1; type_of(tape[index]) != 'r'; ++index) {
    switch (type_of(tape[index])) {
      case '{': {
        if (++depth > limits.depth_max) return Error{Code::TooDeep, "json"};
        values += count_of(tape[index]);
        if (count_of(tape[index]) > limits.members_max) return Error{Code::TooMany, "json.members"};
        const Result<JsonObject> object = JsonValue(tape, parser.doc.string_buf.get(), index).as_object();
        CLAVIGER_TRY(checked, check_names(*object));
        break;
      }
      case '[':
        if (++depth > limits.depth_max) return Error{Code::TooDeep, "json"};
        values += count_of(tape[index]);
        break;
      case '}':
      case ']':
        --depth;
        break;
      case 'l':
      case 'u':
      case 'd':
        ++index;  // the number itself
        break;
      default:
        break;
    }
    if (values > limits.values_max) return Error{Code::TooMany, "json.values"};
  }
  return Unit{};
}

Result<Unit> JsonReader::State::check_names(JsonObject object) {
  std::size_t count = 0;
  for (const JsonMember member : object) names[count++] = {mix(member.name), member.name};
  CLAVIGER_ASSERT(count <= kJsonMembersMax);
  const std::span<Name> used(names.data(), count);
  const bool duplicate =
      count <= kNamesComparedMax ? has_duplicate_of_few(used) : has_duplicate_of_many(used);
  if (duplicate) return Error{Code::JsonDuplicate, "json"};
  return Unit{};
}

}  // namespace claviger::codec
