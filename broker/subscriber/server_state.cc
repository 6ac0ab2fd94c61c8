#include "broker/subscriber/server_state.h"

#include "broker/subscriber/subscriber_generated.h"
#include "storage/record.h"

namespace claviger::subscriber {
namespace {

constexpr storage::RecordSchema kSchema{"server_name", 1};

}  // namespace

std::string encode_server_state(const ServerState& state) {
  flatbuffers::FlatBufferBuilder builder(256);
  const auto name = storage::put_text(builder, state.server_name);
  const auto host = storage::put_text(builder, state.host);
  const auto realm = storage::put_text(builder, state.realm);
  builder.Finish(schema::CreateServerState(builder, kSchema.version, name, host, realm,
                                           static_cast<std::uint8_t>(state.registration), state.is_pending,
                                           state.changed_at));
  return storage::finished(builder);
}

Result<ServerState> decode_server_state(const storage::Value& value) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::ServerState>::open(value, kSchema));
  if (record->registration() > static_cast<std::uint8_t>(Registration::Unregistered)) {
    return Error{Code::Corrupt, kSchema.name};
  }
  ServerState state;
  state.server_name = storage::text_of(record->server_name());
  state.host = storage::text_of(record->host());
  state.realm = storage::text_of(record->realm());
  state.registration = static_cast<Registration>(record->registration());
  state.is_pending = record->is_pending();
  state.changed_at = record->changed_at();
  return state;
}

}  // namespace claviger::subscriber
