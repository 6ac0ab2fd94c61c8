#include "broker/identity/ue.h"

#include <algorithm>

#include "broker/identity/ue_generated.h"
#include "broker/record_key.h"
#include "storage/record.h"

namespace claviger::identity {
namespace {

constexpr storage::RecordSchema kSchema{"ues", 1};

}  // namespace

bool is_ue_id(std::string_view text) {
  return !text.empty() && text.size() <= kUeIdBytesMax &&
         std::ranges::all_of(text, [](char character) { return character > ' ' && character < '\x7f'; });
}

std::string_view name_of(UeClass ue_class) {
  switch (ue_class) {
    case UeClass::Personal:
      return "personal";
    case UeClass::Shareable:
      return "shareable";
    case UeClass::Gateway:
      return "gateway";
    case UeClass::Dispatcher:
      return "dispatcher";
  }
  return "?";
}

std::string ue_key(std::string_view tenant, std::string_view ue_id) { return broker::record_key({tenant, ue_id}); }
std::string ue_session_key(std::string_view tenant, std::string_view ue_id, std::string_view sid) {
  return broker::record_key({tenant, ue_id, sid});
}

std::string encode_ue(const Ue& ue) {
  flatbuffers::FlatBufferBuilder builder(256);
  const auto name = storage::put_text(builder, ue.name);
  const auto owner = storage::put_text(builder, ue.owner);
  const auto certificates = storage::put_texts(builder, ue.certificates);
  const auto dpop_keys = storage::put_texts(builder, ue.dpop_keys);
  schema::UeBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_ue_class(static_cast<std::uint8_t>(ue.ue_class));
  record.add_name(name);
  record.add_owner(owner);
  record.add_certificates(certificates);
  record.add_dpop_keys(dpop_keys);
  record.add_is_lost(ue.is_lost);
  record.add_replaces_others(ue.replaces_others);
  record.add_max_users(ue.max_users);
  record.add_created_at(ue.created_at);
  record.add_last_sign_in_at(ue.last_sign_in_at);
  builder.Finish(record.Finish());
  return storage::finished(builder);
}

Result<Ue> decode_ue(const storage::Value& value, std::string_view ue_id) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Ue>::open(value, kSchema));
  if (record->ue_class() > static_cast<std::uint8_t>(UeClass::Dispatcher)) return Error{Code::Corrupt, "ues.class"};
  Ue ue;
  ue.ue_id = ue_id;
  ue.ue_class = static_cast<UeClass>(record->ue_class());
  ue.name = storage::text_of(record->name());
  ue.owner = storage::text_of(record->owner());
  ue.certificates = storage::texts_of(record->certificates());
  ue.dpop_keys = storage::texts_of(record->dpop_keys());
  ue.is_lost = record->is_lost();
  ue.replaces_others = record->replaces_others();
  ue.max_users = record->max_users();
  ue.created_at = record->created_at();
  ue.last_sign_in_at = record->last_sign_in_at();
  ue.version = value.version();
  return ue;
}

}  // namespace claviger::identity
