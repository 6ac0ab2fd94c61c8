// VAL service keys (TS 23.434 clause 13, TS 33.434 clauses 5.3 and 5.8): the symmetric key of a VAL service as a whole, or
// of one VAL user or VAL UE in it, in generations.
//
// Record of tables::kServiceKeys, key tenant + service + kind + id, with all generations of that target: a change is one
// record. Key material is sealed under the record's key and the generation's kid, so that it opens nowhere else.
//   alpha NUL v2x NUL "service" NUL           alpha NUL v2x NUL "user" NUL ann@v2x
// Which generation is current follows from the time, so that a key that was prepared takes over by itself:
//   current  the latest whose time has come; nothing when that one is revoked or over: an older one never comes back.
//            One that was revoked before its time does not count.
//   next     the first whose time has not come: given out beside the current one, ahead of its time
// Values, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "storage/value.h"

namespace claviger::seal_keys {

// Of one target, with those that are over: their kids stay known, their keys do not. The oldest goes first.
inline constexpr std::size_t kGenerationsMax = 16;
inline constexpr std::size_t kKeyBytes = 32;  // of keys that we make: A256KW (RFC 7518 clause 4.4)
inline constexpr std::string_view kAlgorithm = "A256KW";
// Of keys that VAL servers bring.
inline constexpr std::size_t kKeyBytesMin = 16;
inline constexpr std::size_t kKeyBytesMax = 64;
inline constexpr std::size_t kAlgorithmBytesMax = 32;

enum class TargetKind : std::uint8_t { Service, User, Ue };
std::string_view name_of(TargetKind kind);  // "service", "user", "ue": in keys

// Whose key: of the whole service (empty id), of a VAL user, of a VAL UE.
struct Target {
  TargetKind kind = TargetKind::Service;
  std::string id;
  bool operator==(const Target&) const = default;
};

enum class KeyState : std::uint8_t { Next, Current, Superseded, Expired, Revoked };
std::string_view name_of(KeyState state);

struct Generation {
  std::uint32_t number = 0;
  std::string kid;  // 32 hex digits
  std::string algorithm;
  std::string sealed_key;      // empty: superseded or revoked
  std::string provisioned_by;  // empty: made here
  std::int64_t created_at = 0;
  std::int64_t not_before = 0;
  std::int64_t expires_at = 0;
  std::int64_t revoked_at = 0;  // 0: not revoked
};

struct ServiceKeys {
  std::string service;
  Target target;
  std::vector<Generation> generations;  // in order of their numbers
  std::uint64_t version = 0;            // of the record; not stored in it

  const Generation* current_at(std::int64_t now) const;
  const Generation* next_at(std::int64_t now) const;
  KeyState state_of(const Generation& generation, std::int64_t now) const;
};

std::string service_keys_key(std::string_view tenant, std::string_view service, const Target& target);
// What a generation's key is sealed for.
std::string sealing_place(std::string_view record_key, std::string_view kid);

std::string encode_service_keys(const ServiceKeys& keys);
// Corrupt, SchemaTooNew. `key`: of the record.
Result<ServiceKeys> decode_service_keys(const storage::Value& value, std::string_view key);

}  // namespace claviger::seal_keys
