#include "broker/identity/pushed_request.h"

#include <algorithm>
#include <tuple>

#include "broker/identity/dpop_check.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/pushed_request_generated.h"
#include "broker/identity/sealed_text.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/base64url.h"
#include "core/codec/hex.h"
#include "core/crypto/digest.h"
#include "core/crypto/random.h"
#include "core/runtime/call.h"
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

constexpr std::string_view kPurpose = "pushed";
constexpr std::size_t kExpiryBytes = 8;
constexpr std::size_t kIdBytes = std::tuple_size_v<PushedRequest::Id>;

Result<PushedRequest> open_sealed(const Context& context, std::string_view tenant, std::string_view text) {
  const auto opened = open_text(context.keys.interaction, kPurpose, tenant, text);
  if (!opened) return kInvalid;
  const Bytes bytes = opened->reveal();
  if (bytes.size() < kExpiryBytes + kIdBytes) return kInvalid;
  const auto expires_at = static_cast<std::int64_t>(load_be<std::uint64_t>(bytes.first(kExpiryBytes)));
  if (expires_at <= numeric_date(context.shard.wall())) return kInvalid;
  PushedRequest request;
  request.pushed_at = expires_at - kPushedRequestLife.count();
  std::ranges::copy(bytes.subspan(kExpiryBytes, kIdBytes), request.id.emplace().begin());
  const std::string_view rest = as_text(bytes.subspan(kExpiryBytes + kIdBytes));
  const std::size_t end = rest.find('\0');
  if (end == std::string_view::npos) return kInvalid;
  request.client_id = rest.substr(0, end);
  request.parameters = rest.substr(end + 1);
  return request;
}

// Overload when its source has had its share of the room there.
Task<Result<Unit>> take_at_home(Context* context, PushedRequest::Id id, DpopReplays::Source source) {
  auto taken = context->identity->dpop().taken_pushes.remember(id, source, numeric_date(context->shard.wall()));
  if (taken.failed_with(Code::DpopReplayed)) co_return kInvalid;
  co_return taken;
}

Task<Result<PushedRequest>> take_sealed(Context* context, std::string tenant, std::string text, std::string client_id,
                                        DpopReplays::Source source) {
  CLAVIGER_CO_TRY(request, open_sealed(*context, tenant, text));
  if (request.client_id != client_id) co_return kInvalid;
  const PushedRequest::Id id = *request.id;
  std::string name;
  codec::hex_encode(id, name);
  runtime::Shard* home = &context->home_of(home_name("pushed", tenant, name));
  Context* there = &context->at(*home);
  auto start = [there, id, source]() { return take_at_home(there, id, source); };
  CLAVIGER_CO_TRY(taken, co_await runtime::call_on(home, std::move(start)));
  co_return request;
}

}  // namespace

Result<std::string> seal_pushed_request(const Context& context, std::string_view tenant, const PushedRequest& request) {
  if (request.parameters.size() > kSealedPushBytesMax) return Error{Code::TooLarge, "par.parameters"};
  std::string plaintext(kExpiryBytes + kIdBytes, '\0');
  const MutableBytes head = std::as_writable_bytes(std::span(plaintext));
  store_be(head, static_cast<std::uint64_t>(numeric_date(context.shard.wall()) + kPushedRequestLife.count()));
  CLAVIGER_TRY(filled, crypto::fill_random(head.subspan(kExpiryBytes)));
  plaintext.append(request.client_id).append(1, '\0').append(request.parameters);
  CLAVIGER_TRY(sealed, seal_text(context.keys.interaction, kPurpose, tenant, plaintext));
  return std::string(kRequestUriPrefix) + sealed;
}

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
  const std::size_t share = std::max<std::size_t>(1, kPushedOfClientMax / context->shard.shards().size());
  CLAVIGER_CO_TRY(counted, context->identity->dpop().pushes.add(tenant, request.client_id, share,
                                                                numeric_date(context->shard.wall())));
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
                                                std::string client_id, DpopReplays::Source source) {
  if (!std::string_view(request_uri).starts_with(kRequestUriPrefix)) co_return kInvalid;
  const std::string_view reference = std::string_view(request_uri).substr(kRequestUriPrefix.size());
  // What is sealed is longer.
  if (reference.size() > codec::base64url_encoded_size(kReferenceBytes)) {
    std::string sealed(reference);
    co_return co_await take_sealed(context, std::move(tenant), std::move(sealed), std::move(client_id), source);
  }
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
