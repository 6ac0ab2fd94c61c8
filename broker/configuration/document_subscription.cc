#include "broker/configuration/document_subscription.h"

#include "broker/configuration/document_subscription_generated.h"
#include "broker/record_key.h"
#include "broker/registration/dialog_record.h"
#include "broker/tables.h"
#include "storage/record.h"

namespace claviger::configuration {
namespace {

namespace tables = broker::tables;
using storage::put_text;
using storage::put_texts;
using storage::text_of;
using storage::texts_of;

constexpr std::uint16_t kVersion = 1;

std::vector<std::string> index_rows(std::string_view tenant, const DocumentSubscription& subscription) {
  std::vector<std::string> rows;
  const auto add = [&](std::string_view kind, std::string_view id) {
    if (!id.empty()) rows.push_back(subscriptions_prefix(tenant, kind, id) + subscription.dialog.local_tag);
  };
  for (const std::string& selector : subscription.watched) {
    if (const auto watched = read_watched(selector)) add("w", path_of(*watched));
  }
  add("i", subscription.identity);
  add("u", subscription.sub);
  add("s", subscription.sid);
  add("j", subscription.jti);
  return rows;
}

}  // namespace

Result<WatchedPath> read_watched(std::string_view selector) {
  WatchedPath watched;
  watched.is_folder = selector.ends_with('/');
  // A folder has the name of a document that nobody wrote.
  constexpr std::string_view kAny = "any";
  std::string whole(selector);
  if (watched.is_folder) whole += kAny;
  CLAVIGER_TRY(name, read_document_name(whole));
  watched.name = std::move(name);
  if (!watched.is_folder) return watched;
  if (watched.name.tree != Tree::Users || watched.name.name != kAny) return Error{Code::UriPathInvalid, "xcap.folder"};
  watched.name.name.clear();
  return watched;
}

std::string path_of(const WatchedPath& watched) {
  if (!watched.is_folder) return selector_of(watched.name);
  DocumentName any = watched.name;
  any.name = "any";
  std::string path = selector_of(any);
  path.erase(path.rfind('/') + 1);
  return path;
}

std::string subscription_key(std::string_view tenant, std::string_view local_tag) {
  return broker::record_key({tenant, "d", local_tag});
}
std::string subscriptions_prefix(std::string_view tenant, std::string_view kind, std::string_view id) {
  return broker::record_prefix({tenant, kind, id});
}
std::string_view tag_of_row(std::string_view key) { return key.substr(key.rfind('\0') + 1); }

std::string encode(const DocumentSubscription& subscription) {
  flatbuffers::FlatBufferBuilder builder;
  std::vector<flatbuffers::Offset<schema::Told>> all_told;
  for (const auto& [path, etag] : subscription.told) {
    const auto told_path = builder.CreateString(path);
    const auto told_etag = builder.CreateString(etag);
    all_told.push_back(schema::CreateTold(builder, told_path, told_etag));
  }
  const auto told = all_told.empty() ? 0 : builder.CreateVector(all_told);
  const auto subscriber = builder.CreateString(subscription.subscriber);
  const auto identity = builder.CreateString(subscription.identity);
  const auto watched = put_texts(builder, subscription.watched);
  const auto sub = put_text(builder, subscription.sub);
  const auto sid = put_text(builder, subscription.sid);
  const auto jti = put_text(builder, subscription.jti);
  const auto dialog = registration::put_dialog_texts(builder, subscription.dialog, subscription.life);
  schema::DocumentSubscriptionBuilder record(builder);
  record.add_schema_version(kVersion);
  record.add_subscriber(subscriber);
  record.add_identity(identity);
  record.add_watched(watched);
  record.add_told(told);
  record.add_sub(sub);
  record.add_sid(sid);
  record.add_jti(jti);
  record.add_token_issued_at(subscription.token_issued_at);
  registration::add_dialog(record, dialog, subscription.dialog, subscription.life);
  record.add_created_at(subscription.created_at);
  builder.Finish(record.Finish());
  return storage::finished(builder);
}

Result<DocumentSubscription> decode_document_subscription(const storage::Value& value, std::string_view local_tag) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::DocumentSubscription>::open(
                           value, {"document_subscriptions", kVersion}, local_tag));
  DocumentSubscription subscription;
  registration::read_dialog(*record, local_tag, subscription.dialog, subscription.life);
  subscription.subscriber = text_of(record->subscriber());
  subscription.identity = text_of(record->identity());
  subscription.watched = texts_of(record->watched());
  if (record->told() != nullptr) {
    for (const schema::Told* each : *record->told()) {
      subscription.told.emplace(text_of(each->path()), text_of(each->etag()));
    }
  }
  subscription.sub = text_of(record->sub());
  subscription.sid = text_of(record->sid());
  subscription.jti = text_of(record->jti());
  subscription.token_issued_at = record->token_issued_at();
  subscription.created_at = record->created_at();
  subscription.version = value.version();
  return subscription;
}

void put(storage::Transaction& change, std::string_view tenant, const DocumentSubscription& subscription) {
  const std::string key = subscription_key(tenant, subscription.dialog.local_tag);
  change.expect_version(tables::kDocumentSubscriptions, key, subscription.version);
  change.put(tables::kDocumentSubscriptions, key, as_bytes(encode(subscription)));
  if (subscription.version != 0) return;  // its index rows stand
  for (const std::string& row : index_rows(tenant, subscription)) {
    change.put(tables::kDocumentSubscriptions, row, Bytes());
  }
}

void erase(storage::Transaction& change, std::string_view tenant, const DocumentSubscription& subscription) {
  const std::string key = subscription_key(tenant, subscription.dialog.local_tag);
  change.expect_version(tables::kDocumentSubscriptions, key, subscription.version);
  change.erase(tables::kDocumentSubscriptions, key);
  for (const std::string& row : index_rows(tenant, subscription)) change.erase(tables::kDocumentSubscriptions, row);
}

}  // namespace claviger::configuration
