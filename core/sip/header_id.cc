#include "core/sip/header_id.h"

#include <array>

#include "core/sip/scan.h"

namespace claviger::sip {
namespace {

constexpr std::array<std::string_view, kHeaderIds> kNames = {
#define X(id, name, compact) name,
    CLAVIGER_SIP_HEADERS(X)
#undef X
        "?"};

constexpr std::size_t kBuckets = 256;

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
constexpr std::size_t bucket_of(std::string_view name) {
  const auto first = static_cast<unsigned char>(lower(name.front()));
  const auto last = static_cast<unsigned char>(lower(name.back()));
  const auto middle = static_cast<unsigned char>(lower(name[name.size() / 2]));
  return (name.size() * 41U + first * 7U + last * 13U + middle * 3U) % kBuckets;
}

struct Tables {
  std::array<std::uint8_t, kBuckets> first{};  // id + 1
  std::array<std::uint8_t, kHeaderIds> next{};
  std::array<std::uint8_t, 256> compact{};  // id + 1 by lower-case letter
};
constexpr Tables make_tables() {
  Tables tables;
  for (std::size_t id = 0; id + 1 < kHeaderIds; ++id) {
    auto& bucket = tables.first[bucket_of(kNames[id])];
    tables.next[id] = bucket;
    bucket = static_cast<std::uint8_t>(id + 1);
  }
#define X(id, name, letter) \
  if (letter != 0) tables.compact[static_cast<unsigned char>(letter)] = static_cast<std::uint8_t>(HeaderId::id) + 1;
  CLAVIGER_SIP_HEADERS(X)
#undef X
  return tables;
}
constexpr Tables kTables = make_tables();

}  // namespace

HeaderId header_id(std::string_view name) {
  if (name.empty()) return HeaderId::Other;
  if (name.size() == 1) {
    const std::uint8_t found = kTables.compact[static_cast<unsigned char>(lower(name.front()))];
    return found == 0 ? HeaderId::Other : static_cast<HeaderId>(found - 1);
  }
  for (std::uint8_t entry = kTables.first[bucket_of(name)]; entry != 0; entry = kTables.next[entry - 1U]) {
    if (equals_ignoring_case(kNames[entry - 1U], name)) return static_cast<HeaderId>(entry - 1);
  }
  return HeaderId::Other;
}

std::string_view name_of(HeaderId id) { return kNames[static_cast<std::size_t>(id)]; }

}  // namespace claviger::sip
