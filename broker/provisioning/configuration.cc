#include "broker/provisioning/configuration.h"

#include "broker/provisioning/configuration_generated.h"
#include "broker/record_key.h"
#include "storage/record.h"

namespace claviger::provisioning {
namespace {

constexpr storage::RecordSchema kSchema{"val_configurations", 1};

std::string text_of(const flatbuffers::String* field) { return field == nullptr ? std::string() : field->str(); }

std::vector<std::string> texts_of(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* field) {
  std::vector<std::string> texts;
  if (field == nullptr) return texts;
  texts.reserve(field->size());
  for (const flatbuffers::String* text : *field) texts.push_back(text->str());
  return texts;
}

}  // namespace

std::string configuration_key(std::string_view tenant, std::string_view id) { return broker::record_key({tenant, id}); }

std::string server_prefix(std::string_view tenant, std::string_view val_server_id) {
  const std::string server = "/" + std::string(val_server_id);
  return broker::record_prefix({tenant, server});
}

std::string encode_configuration(const Configuration& configuration) {
  flatbuffers::FlatBufferBuilder builder(4096);
  std::vector<flatbuffers::Offset<schema::Service>> services;
  services.reserve(configuration.services.size());
  for (const ValService& service : configuration.services) {
    const auto id = builder.CreateString(service.id);
    const auto user_ids = builder.CreateVectorOfStrings(service.user_ids);
    const auto ue_ids = builder.CreateVectorOfStrings(service.ue_ids);
    services.push_back(schema::CreateService(builder, id, user_ids, ue_ids));
  }
  const auto all = builder.CreateVector(services);
  const auto server = builder.CreateString(configuration.val_server_id);
  builder.Finish(schema::CreateConfiguration(builder, kSchema.version, server, all, configuration.created_at,
                                             configuration.changed_at));
  return std::string(as_text(storage::finished_bytes(builder)));
}

Result<Configuration> decode_configuration(const storage::Value& value, std::string_view id) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Configuration>::open(value, kSchema, id));
  Configuration configuration;
  configuration.id = id;
  configuration.val_server_id = text_of(record->val_server_id());
  if (record->services() != nullptr) {
    for (const schema::Service* service : *record->services()) {
      ValService read;
      read.id = text_of(service->id());
      read.user_ids = texts_of(service->user_ids());
      read.ue_ids = texts_of(service->ue_ids());
      configuration.services.push_back(std::move(read));
    }
  }
  configuration.created_at = record->created_at();
  configuration.changed_at = record->changed_at();
  configuration.version = value.version();
  return configuration;
}

}  // namespace claviger::provisioning
