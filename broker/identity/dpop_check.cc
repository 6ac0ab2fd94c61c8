#include "broker/identity/dpop_check.h"

#include <algorithm>

#include "broker/identity/dpop_nonce.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/proxies.h"
#include "broker/identity/pushed_request.h"
#include "broker/identity/source_bucket.h"
#include "broker/tokens/verifier/dpop_proof.h"
#include "core/codec/base64url.h"
#include "core/codec/hex.h"
#include "core/crypto/hkdf.h"
#include "core/runtime/call.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

constexpr std::size_t kThumbprintBytes = 32;

crypto::HmacSha256 dpop_mac_of(const Context& context) {
  return crypto::HmacSha256(crypto::derive_secret<32>(context.keys.client.reveal(), {}, as_bytes("dpop")).reveal());
}

Result<tokens::DpopProof> read_proof(Context& context, const http::Request& request, const DpopRequest& wanted) {
  if (request.is_repeated(http::Field::Dpop)) return Error{Code::DpopInvalid, "dpop.headers"};
  DpopShard& shard = context.identity->dpop();
  const std::int64_t now = numeric_date(context.shard.wall());
  const auto is_current = [&](std::string_view nonce) {
    return is_current_dpop_nonce(shard.mac, wanted.tenant, nonce, now, shard.started_at);
  };
  const tokens::DpopExpectation expected{.method = http::name_of(request.method),
                                         .url = wanted.url,
                                         .access_token = wanted.access_token,
                                         .now = now,
                                         .is_current_nonce = is_current};
  return tokens::read_dpop_proof({shard.reader, shard.verify_context}, request.field(http::Field::Dpop), expected);
}

Task<Result<Unit>> remember_at_home(Context* context, DpopReplays::Id id, DpopReplays::Source source) {
  co_return context->identity->dpop().replays.remember(id, source, numeric_date(context->shard.wall()));
}

}  // namespace

// Keyed, as the ids are.
DpopReplays::Source replay_source(const Context& context, const http::Request& request) {
  std::string text = "source";
  text.append(1, '\0').append(bucket_of(source_of(*context.snapshot->settings, request)));
  const auto digest = context.identity->dpop().mac.compute(as_bytes(text));
  return load_be<DpopReplays::Source>(Bytes(digest).first(sizeof(DpopReplays::Source)));
}

DpopShard::DpopShard(Context& context)
    : mac(dpop_mac_of(context)), started_at(numeric_date(context.shard.wall())), pushes(kPushedRequestLife.count()) {}

Task<Result<std::string>> check_dpop(Context* context, const http::Request* request, DpopRequest wanted) {
  if (!request->has(http::Field::Dpop)) co_return std::string();
  CLAVIGER_CO_TRY(proof, read_proof(*context, *request, wanted));
  const auto digest = context->identity->dpop().mac.compute(proof.id);
  DpopReplays::Id id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  std::string name;
  codec::hex_encode(id, name);
  runtime::Shard* home = &context->home_of(home_name("dpop", wanted.tenant, name));
  Context* there = &context->at(*home);
  const DpopReplays::Source source = replay_source(*context, *request);
  auto start = [there, id, source]() { return remember_at_home(there, id, source); };
  auto remembered = co_await runtime::call_on(home, std::move(start));
  if (!remembered) co_return remembered.error();
  co_return std::string(as_text(proof.key));
}

void offer_dpop_nonce(Context& context, std::string_view tenant, const http::Request& request,
                      http::Response& response) {
  if (!request.has(http::Field::Dpop)) return;
  response.with("dpop-nonce",
                make_dpop_nonce(context.identity->dpop().mac, tenant, numeric_date(context.shard.wall())));
}

http::Response dpop_challenge_response(std::string_view tenant, const Error& error) {
  std::string challenge = "DPoP realm=\"" + std::string(tenant) + "\", error=\"";
  switch (error.code) {
    case Code::DpopNonce:
      challenge += "use_dpop_nonce\", error_description=\"Use the nonce of this answer.";
      break;
    case Code::DpopInvalid:
    case Code::DpopReplayed:
      challenge += "invalid_dpop_proof\", error_description=\"The DPoP proof is not valid.";
      break;
    default:
      challenge += "invalid_token\", error_description=\"The access token is not valid.";
  }
  challenge.append("\", algs=\"").append(tokens::kDpopAlgorithms).append("\"");
  http::Response response(401);
  response.with("www-authenticate", std::move(challenge));
  return response;
}

Result<std::string> read_dpop_jkt(std::string_view text) {
  std::array<std::byte, kThumbprintBytes> bytes;
  if (text.size() != codec::base64url_encoded_size(kThumbprintBytes) || !codec::base64url_decode(text, bytes)) {
    return Error{Code::ParameterMalformed, "authorize.dpop_jkt"};
  }
  return std::string(as_text(bytes));
}

}  // namespace claviger::identity
