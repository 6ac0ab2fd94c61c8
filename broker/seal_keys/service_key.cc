#include "broker/seal_keys/service_key.h"

#include <algorithm>
#include <array>

#include "broker/record_key.h"
#include "broker/seal_keys/service_key_generated.h"
#include "storage/record.h"

namespace claviger::seal_keys {
namespace {

constexpr storage::RecordSchema kSchema{"service_keys", 1};
// In the order of the enumerators.
constexpr std::array<std::string_view, 3> kKinds{"service", "user", "ue"};
constexpr std::array<std::string_view, 5> kStates{"next", "current", "superseded", "expired", "revoked"};

std::string text_of(const flatbuffers::String* field) { return field == nullptr ? std::string() : field->str(); }

Result<Generation> decode_generation(const schema::Generation& record) {
  Generation generation;
  generation.number = record.number();
  generation.kid = text_of(record.kid());
  generation.algorithm = text_of(record.algorithm());
  if (const auto* sealed = record.sealed_key()) {
    generation.sealed_key = as_text(std::as_bytes(std::span(sealed->data(), sealed->size())));
  }
  generation.provisioned_by = text_of(record.provisioned_by());
  generation.created_at = record.created_at();
  generation.not_before = record.not_before();
  generation.expires_at = record.expires_at();
  generation.revoked_at = record.revoked_at();
  if (generation.number == 0 || generation.kid.empty()) return Error{Code::Corrupt, kSchema.name};
  return generation;
}

// tenant NUL service NUL kind NUL id
Result<Unit> read_key(std::string_view key, ServiceKeys& keys) {
  std::array<std::string_view, 4> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t end = i + 1 < parts.size() ? key.find('\0') : key.size();
    if (end == std::string_view::npos) return Error{Code::Corrupt, kSchema.name};
    parts[i] = key.substr(0, end);
    key.remove_prefix(std::min(end + 1, key.size()));
  }
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (parts[2] != kKinds[i]) continue;
    keys.service = parts[1];
    keys.target = {static_cast<TargetKind>(i), std::string(parts[3])};
    return Unit{};
  }
  return Error{Code::Corrupt, kSchema.name};
}

}  // namespace

std::string_view name_of(TargetKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }
std::string_view name_of(KeyState state) { return kStates[static_cast<std::size_t>(state)]; }

const Generation* ServiceKeys::current_at(std::int64_t now) const {
  const Generation* latest = nullptr;
  for (const Generation& generation : generations) {
    const bool never_began = generation.revoked_at != 0 && generation.revoked_at < generation.not_before;
    if (generation.not_before <= now && !never_began) latest = &generation;
  }
  if (latest == nullptr || latest->revoked_at != 0 || latest->expires_at <= now) return nullptr;
  return latest;
}

const Generation* ServiceKeys::next_at(std::int64_t now) const {
  for (const Generation& generation : generations) {
    if (generation.not_before > now && generation.revoked_at == 0) return &generation;
  }
  return nullptr;
}

KeyState ServiceKeys::state_of(const Generation& generation, std::int64_t now) const {
  if (generation.revoked_at != 0) return KeyState::Revoked;
  if (generation.not_before > now) return KeyState::Next;
  if (const Generation* current = current_at(now); current != nullptr && current->number == generation.number) {
    return KeyState::Current;
  }
  return generation.expires_at <= now ? KeyState::Expired : KeyState::Superseded;
}

std::string service_keys_key(std::string_view tenant, std::string_view service, const Target& target) {
  return broker::record_key({tenant, service, name_of(target.kind), target.id});
}

std::string sealing_place(std::string_view record_key, std::string_view kid) {
  std::string place(record_key);
  return place.append(1, '\0').append(kid);
}

std::string encode_service_keys(const ServiceKeys& keys) {
  flatbuffers::FlatBufferBuilder builder(1024);
  std::vector<flatbuffers::Offset<schema::Generation>> generations;
  generations.reserve(keys.generations.size());
  for (const Generation& generation : keys.generations) {
    const auto kid = builder.CreateString(generation.kid);
    const auto algorithm = builder.CreateString(generation.algorithm);
    const auto sealed = builder.CreateVector(as_uchar(as_bytes(generation.sealed_key)), generation.sealed_key.size());
    const auto provisioned_by = builder.CreateString(generation.provisioned_by);
    generations.push_back(schema::CreateGeneration(builder, generation.number, kid, algorithm, sealed, provisioned_by,
                                                   generation.created_at, generation.not_before, generation.expires_at,
                                                   generation.revoked_at));
  }
  const auto all = builder.CreateVector(generations);
  builder.Finish(schema::CreateServiceKeys(builder, kSchema.version, all));
  return std::string(as_text(storage::finished_bytes(builder)));
}

Result<ServiceKeys> decode_service_keys(const storage::Value& value, std::string_view key) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::ServiceKeys>::open(value, kSchema, key));
  ServiceKeys keys;
  CLAVIGER_TRY(named, read_key(key, keys));
  if (record->generations() == nullptr || record->generations()->size() > kGenerationsMax) {
    return Error{Code::Corrupt, kSchema.name};
  }
  for (const schema::Generation* stored : *record->generations()) {
    CLAVIGER_TRY(generation, decode_generation(*stored));
    keys.generations.push_back(std::move(generation));
  }
  keys.version = value.version();
  return keys;
}

}  // namespace claviger::seal_keys
