#include "core/sip/header_id.h"

#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

#include "core/sip/scan.h"

namespace claviger::sip {
namespace {

constexpr std::array<std::string_view, kHeaderIds> kNames = {
#define X(id, name, compact) name,
    CLAVIGER_SIP_HEADERS(X)
#undef X
        "?"};

// A name's two ends, overlapping in short ones, letters made small: enough to tell any two of ours apart.
struct Ends {
  std::uint64_t first;
  std::uint64_t last;
};
constexpr std::size_t kEnd = 8;

// Sets 0x20 where 0x40 is: of what a name of ours has, that changes capitals alone, and nothing else becomes one of it.
constexpr std::uint64_t fold(std::uint64_t word) { return word | ((word & 0x4040404040404040ULL) >> 1U); }

constexpr std::uint64_t word_of(std::string_view text) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) << (8 * i);
  }
  return word;
}
template <typename Word>
std::uint64_t load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}
// At least two characters.
constexpr Ends ends_of(std::string_view name) {
  const std::size_t size = name.size() >= kEnd ? kEnd : name.size() >= 4 ? 4 : 2;
  const std::size_t behind = name.size() - size;
  if (std::is_constant_evaluated() || std::endian::native != std::endian::little)
    return {fold(word_of(name.substr(0, size))), fold(word_of(name.substr(behind)))};
  const char* const begin = name.data();
  if (size == kEnd) return {fold(load<std::uint64_t>(begin)), fold(load<std::uint64_t>(begin + behind))};
  if (size == 4) return {fold(load<std::uint32_t>(begin)), fold(load<std::uint32_t>(begin + behind))};
  return {fold(load<std::uint16_t>(begin)), fold(load<std::uint16_t>(begin + behind))};
}

// A name has one place, and no other has it: the multiplier is the first that makes it so.
constexpr std::size_t kPlaces = 256;
constexpr std::size_t place_of(const Ends& ends, std::size_t size, std::uint64_t multiplier) {
  return ((ends.first ^ (ends.last << 1U) ^ size) * multiplier) >> 56U;
}
static_assert(kPlaces == 1U << (64U - 56U));

struct Tables {
  std::uint64_t multiplier = 0;
  std::array<Ends, kHeaderIds> ends{};
  std::array<std::uint8_t, kPlaces> at{};   // id + 1
  std::array<std::uint8_t, 256> compact{};  // id + 1 by lower-case letter
};
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
constexpr bool fill(Tables& tables, std::uint64_t multiplier) {
  tables.multiplier = multiplier;
  tables.at = {};
  for (std::size_t id = 0; id + 1 < kHeaderIds; ++id) {
    auto& place = tables.at[place_of(tables.ends[id], kNames[id].size(), multiplier)];
    if (place != 0) return false;
    place = static_cast<std::uint8_t>(id + 1);
  }
  return true;
}
constexpr Tables make_tables() {
  Tables tables;
  for (std::size_t id = 0; id + 1 < kHeaderIds; ++id) tables.ends[id] = ends_of(kNames[id]);
  std::uint64_t multiplier = 0x9E3779B97F4A7C15ULL;
  while (!fill(tables, multiplier)) multiplier = multiplier * 0x5851F42D4C957F2DULL + 2;
#define X(id, name, letter) \
  if (letter != 0) tables.compact[static_cast<unsigned char>(letter)] = static_cast<std::uint8_t>(HeaderId::id) + 1;
  CLAVIGER_SIP_HEADERS(X)
#undef X
  return tables;
}
constexpr Tables kTables = make_tables();

}  // namespace

HeaderId header_id(std::string_view name) {
  if (name.size() < 2) {
    if (name.empty()) return HeaderId::Other;
    const std::uint8_t found = kTables.compact[static_cast<unsigned char>(lower(name.front()))];
    return found == 0 ? HeaderId::Other : static_cast<HeaderId>(found - 1);
  }
  const Ends ends = ends_of(name);
  const std::uint8_t entry = kTables.at[place_of(ends, name.size(), kTables.multiplier)];
  if (entry == 0) return HeaderId::Other;
  const std::size_t id = entry - 1U;
  const std::string_view known = kNames[id];
  if (known.size() != name.size() || kTables.ends[id].first != ends.first || kTables.ends[id].last != ends.last)
    return HeaderId::Other;
  // What the ends of a long one leave out.
  for (std::size_t i = kEnd; i + kEnd < name.size(); ++i) {
    if (to_lower(name[i]) != to_lower(known[i])) return HeaderId::Other;
  }
  return static_cast<HeaderId>(id);
}

std::string_view name_of(HeaderId id) { return kNames[static_cast<std::size_t>(id)]; }

}  // namespace claviger::sip
