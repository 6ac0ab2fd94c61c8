#include "broker/identity/backchannel_delivery.h"

#include "broker/identity/client_draft.h"
#include "broker/identity/client_procedures.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/logout_token.h"
#include "broker/identity/pairwise_subject.h"
#include "broker/identity/user_records.h"
#include "broker/tables.h"
#include "core/net/tls_context.h"

namespace claviger::identity {

using broker::Context;
using runtime::Task;

namespace {

// A server that does not answer in this time is tried again; meanwhile it holds one of the outbox's 64 handlers.
constexpr Milliseconds kAnswerMax{5000};
constexpr std::size_t kAnswerBytesMax = 16 * 1024;
constexpr std::size_t kClientsPerPage = 200;

http::ClientOptions client_options() {
  http::ClientOptions options;
  // The system's authorities, or those in the file that SSL_CERT_FILE names. Without any, https is refused.
  auto tls = net::TlsContext::client({});
  if (tls) options.tls = *std::move(tls);
  return options;
}

storage::OutboxOptions outbox_options() {
  storage::OutboxOptions options;
  options.attempts_max = kLogoutAttemptsMax;
  options.pause_first = Seconds(2);
  options.pause_max = Seconds(300);
  return options;
}

}  // namespace

BackchannelDelivery::BackchannelDelivery(Context& context, std::vector<OtherRows> others)
    : context_(context),
      others_(std::move(others)),
      client_(context.shard, client_options()),
      outbox_(context.shard, context.store, broker::tables::kOutbox, *this, outbox_options()) {
  outbox_.start();
}
BackchannelDelivery::~BackchannelDelivery() = default;

Task<void> BackchannelDelivery::close() { return outbox_.close(); }

storage::OutboxHandler* BackchannelDelivery::other_for(const storage::OutboxRow& row) const {
  for (const OtherRows& other : others_) {
    if (row.id.starts_with(other.prefix)) return other.handler;
  }
  return nullptr;
}

Task<Result<Unit>> BackchannelDelivery::handle(storage::OutboxRow row) {
  if (storage::OutboxHandler* other = other_for(row)) co_return co_await other->handle(std::move(row));
  auto ended = read_ended_session(row);
  if (!ended) co_return Error{Code::NotPermitted, "outbox.logout"};
  Result<Unit> done = Unit{};
  if (row.id.starts_with(kLogoutPrefix)) {
    done = co_await deliver(*ended);
  } else {
    done = co_await fan_out(*ended, row.due_first);
  }
  if (!done && row.attempts + 1 == kLogoutAlarmAttempts) {
    context_.shard.logger().warning("logout.undelivered", {{"tenant", ended->tenant},
                                                           {"client", ended->client_id},
                                                           {"sid", ended->sid},
                                                           {"code", name_of(done.error().code)}});
  }
  co_return done;
}

void BackchannelDelivery::gave_up(const storage::OutboxRow& row, const Error& error) {
  if (storage::OutboxHandler* other = other_for(row)) return other->gave_up(row, error);
  context_.shard.logger().error("logout.given_up", {{"row", row.id}, {"code", name_of(error.code)}});
}

Task<Result<std::vector<BackchannelDelivery::Recipient>>> BackchannelDelivery::recipients(std::string tenant,
                                                                                          std::int64_t since) {
  // Read in a later second than the session's end: whoever was registered by then is in it.
  if (const auto found = known_.find(tenant); found != known_.end() && found->second.read_at > since) {
    co_return found->second.list;
  }
  Recipients fresh;
  fresh.read_at = numeric_date(context_.shard.wall());
  std::string after;
  do {
    auto page = co_await list_clients(&context_, tenant, std::move(after), kClientsPerPage);
    if (!page) co_return page.error();
    for (const Client& client : page->clients) {
      if (!client.is_enabled || client.backchannel_logout_uri.empty()) continue;
      fresh.list.push_back({client.client_id, client.may_introspect});
    }
    after = std::move(page->next);
  } while (!after.empty());
  std::vector<Recipient> list = fresh.list;
  known_[tenant] = std::move(fresh);
  co_return list;
}

Task<Result<Unit>> BackchannelDelivery::fan_out(EndedSession ended, std::int64_t since) {
  if (!tenant_of(context_, ended.tenant)) co_return Unit{};  // gone, and its servers with it
  auto list = co_await recipients(ended.tenant, since);
  if (!list) co_return list.error();
  storage::Transaction transaction;
  std::size_t count = 0;
  for (const Recipient& recipient : *list) {
    if (!recipient.is_server && recipient.client_id != ended.client_id) continue;
    put_logout(transaction, ended, recipient.client_id, numeric_date(context_.shard.wall()));
    ++count;
  }
  if (count == 0) co_return Unit{};
  auto committed = co_await context_.store.commit(std::move(transaction));
  if (!committed) co_return committed.error();
  outbox_.wake();
  co_return Unit{};
}

Task<Result<Unit>> BackchannelDelivery::deliver(EndedSession ended) {
  auto client = co_await find_client(&context_, ended.tenant, ended.client_id);
  if (client.failed_with(Code::ClientUnknown)) co_return Unit{};
  if (!client) co_return client.error();
  if (!client->is_enabled || client->backchannel_logout_uri.empty()) co_return Unit{};
  const auto view = tenant_of(context_, ended.tenant);
  if (!view) co_return Unit{};
  if (!client->backchannel_logout_uri.starts_with("https:") && !context_.snapshot->settings->is_sandbox) {
    co_return Error{Code::NotPermitted, "logout.scheme"};
  }
  const std::string sub = subject_for(context_.identity->subject_mac(), ended.tenant, *client, ended.sub);
  const LogoutClaims claims{ended.client_id, sub, ended.sid, ended.jti};
  CLAVIGER_CO_TRY(unsigned_token, make_logout_token(context_, **view, claims));
  CLAVIGER_CO_TRY(token, co_await tokens::sign(&context_, std::move(unsigned_token)));
  http::ClientRequest request(http::Method::Post, client->backchannel_logout_uri);
  request.content_type = "application/x-www-form-urlencoded";
  request.body = "logout_token=" + token;
  request.timeout = kAnswerMax;
  request.response_bytes_max = kAnswerBytesMax;
  auto answer = co_await client_.send(std::move(request));
  if (!answer) co_return answer.error();
  if (answer->status < 200 || answer->status > 299) co_return Error{Code::Refused, "logout.status"};
  context_.shard.logger().info("logout.delivered",
                               {{"tenant", ended.tenant}, {"client", ended.client_id}, {"sid", ended.sid}});
  co_return Unit{};
}

}  // namespace claviger::identity
