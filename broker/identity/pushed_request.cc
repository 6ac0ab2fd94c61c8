#include "broker/identity/pushed_request.h"

#include "broker/identity/pushed_request_generated.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/base64url.h"
#include "core/codec/hex.h"
#include "core/crypto/digest.h"
#include "core/crypto/random.h"
#include "storage/record.h"

namespace claviger::identity {
namespace {

constexpr storage::RecordSchema kSchema{"pushed_requests", 1};
namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr std::size_t kReferenceBytes = 32;  // 256 bits: nobody guesses one (RFC 9126 clause 7.1)
constexpr Error kInvalid{Code::PushedRequestInvalid, "par.request_uri"};

std::string key_of(std::string_view tenant, std::string_view reference) {
  std::string digest;
  codec::hex_encode(crypto::sha256(as_bytes(reference)), digest);
  return broker::record_key({tenant, digest});
}

}  // namespace

std::string encode_pushed_request(const PushedRequest& request) {
  flatbuffers::FlatBufferBuilder builder(512);
  const auto client_id = builder.CreateString(request.client_id);
  const auto parameters = builder.CreateString(request.parameters);
  schema::PushedRequestBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_client_id(client_id);
  record.add_parameters(parameters);
  builder.Finish(record.Finish());
  return storage::finished(builder);
}

Result<PushedRequest> decode_pushed_request(const storage::Value& value) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::PushedRequest>::open(value, kSchema));
  PushedRequest request;
  request.client_id = storage::text_of(record->client_id());
  request.parameters = storage::text_of(record->parameters());
  return request;
}

Task<Result<std::string>> push_request(Context* context, std::string tenant, PushedRequest request) {
  if (request.parameters.size() > kPushedRequestBytesMax) co_return Error{Code::TooLarge, "par.parameters"};
  CLAVIGER_CO_TRY(random, crypto::random_bytes<kReferenceBytes>());
  std::string reference;
  codec::base64url_encode(random.reveal(), reference);
  const std::string key = key_of(tenant, reference);
  const std::int64_t expires_at = numeric_date(context->shard.wall()) + kPushedRequestLife.count();
  storage::Transaction transaction;
  transaction.expect_absent(tables::kPushedRequests, key);
  transaction.put(tables::kPushedRequests, key, as_bytes(encode_pushed_request(request)), expires_at);
  auto committed = co_await context->store.commit(std::move(transaction));
  if (!committed) co_return committed.error();
  co_return std::string(kRequestUriPrefix) + reference;
}

Task<Result<PushedRequest>> take_pushed_request(Context* context, std::string tenant, std::string request_uri,
                                                std::string client_id) {
  if (!std::string_view(request_uri).starts_with(kRequestUriPrefix)) co_return kInvalid;
  const std::string_view reference = std::string_view(request_uri).substr(kRequestUriPrefix.size());
  if (reference.size() != codec::base64url_encoded_size(kReferenceBytes)) co_return kInvalid;
  const std::string key = key_of(tenant, reference);
  auto value = co_await context->store.get(tables::kPushedRequests, key);
  if (value.failed_with(Code::NotFound)) co_return kInvalid;
  if (!value) co_return value.error();
  CLAVIGER_CO_TRY(request, decode_pushed_request(*value));
  if (request.client_id != client_id) co_return kInvalid;
  storage::Transaction transaction;
  transaction.expect_version(tables::kPushedRequests, key, value->version());
  transaction.erase(tables::kPushedRequests, key);
  auto committed = co_await context->store.commit(std::move(transaction));
  if (committed.failed_with(Code::Conflict)) co_return kInvalid;
  if (!committed) co_return committed.error();
  co_return request;
}

}  // namespace claviger::identity
