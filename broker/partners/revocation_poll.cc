#include "broker/partners/revocation_poll.h"

#include "broker/tables.h"
#include "broker/tokens/verifier/revocation_feed.h"
#include "core/codec/base64url.h"
#include "core/codec/percent.h"
#include "core/runtime/offload.h"

namespace claviger::partners {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

Result<http::ClientRequest> feed_request(Context& context, const std::string& tenant, const Partner& partner,
                                         std::uint64_t since) {
  std::string url = partner.revocations_uri;
  url += url.find('?') == std::string::npos ? '?' : '&';
  url += "since=" + std::to_string(since) + "&wait=" + std::to_string(kFeedPollWait.count());
  http::ClientRequest request(http::Method::Get, std::move(url));
  request.timeout = kFeedPollMax;
  request.response_bytes_max = tokens::kFeedBytesMax;
  if (partner.feed_client_id.empty()) return request;
  CLAVIGER_TRY(secret, context.sealer.open(tables::kPartners, partner_key(tenant, partner.name),
                                           as_bytes(partner.sealed_feed_secret)));
  // RFC 6749 clause 2.3.1: both are form-encoded first.
  std::string credentials;
  codec::percent_encode(partner.feed_client_id, credentials);
  credentials += ':';
  codec::percent_encode(as_text(secret.reveal()), credentials);
  std::string field = "Basic ";
  codec::base64_encode(as_bytes(credentials), field);
  wipe(std::as_writable_bytes(std::span(credentials)));
  request.with("authorization", std::move(field));
  return request;
}

Result<Unit> check_feed_progress(const tokens::RevocationDelta& delta, std::uint64_t since) {
  const bool leads_on = delta.changes.empty() ? delta.next >= since : delta.next > since;
  if (!leads_on) return Error{Code::OutOfRange, "partner.feed.next"};
  return Unit{};
}

Task<Result<tokens::RevocationDelta>> read_feed_answer(Context* context, http::ClientResponse response,
                                                       std::uint64_t since) {
  if (response.status != 200) co_return Error{Code::Unreachable, "partner.feed"};
  auto work = [body = std::move(response.body)] { return tokens::parse_revocation_feed(body); };
  auto done = co_await runtime::offload(&context->work_pool, std::move(work));
  if (!done) co_return done.error();
  CLAVIGER_CO_TRY(delta, *std::move(done));
  CLAVIGER_CO_TRY(checked, check_feed_progress(delta, since));
  co_return delta;
}

Task<Result<std::uint64_t>> read_feed_position(Context* context, std::string tenant, std::string name) {
  auto value = co_await context->store.get(tables::kPartners, partner_feed_key(tenant, name));
  if (value.failed_with(Code::NotFound)) co_return std::uint64_t{0};
  if (!value) co_return value.error();
  if (value->bytes().size() != sizeof(std::uint64_t)) co_return Error{Code::Corrupt, "partners.feed"};
  co_return load_be<std::uint64_t>(value->bytes());
}

Task<Result<Unit>> keep_feed_position(Context* context, std::string tenant, Partner partner, std::uint64_t next) {
  std::array<std::byte, sizeof next> bytes;
  store_be(bytes, next);
  storage::Transaction change;
  change.expect_version(tables::kPartners, partner_key(tenant, partner.name), partner.version);
  change.put(tables::kPartners, partner_feed_key(tenant, partner.name), bytes);
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  co_return Unit{};
}

}  // namespace claviger::partners
