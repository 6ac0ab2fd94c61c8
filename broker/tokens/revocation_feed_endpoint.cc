#include "broker/tokens/revocation_feed_endpoint.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "broker/identity/client_authentication.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/oauth_error.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "broker/tokens/revocation_records.h"
#include "broker/tokens/revocations.h"
#include "broker/tokens/token_life.h"
#include "broker/tokens/token_shard.h"
#include "broker/tokens/verifier/revocation_feed.h"
#include "core/codec/form.h"
#include "core/http/problem.h"

namespace claviger::tokens {
namespace {

using broker::Context;
using runtime::Task;

// A whole number from `text`, or nothing.
std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Question {
  std::string tenant;
  std::string issuer;
  std::uint64_t since = 0;
  std::int64_t wait = kFeedWaitUsual;
};

// The change feed has all that is in force but revoked keys, which are kept longer.
constexpr std::int64_t kFeedKept = 24 * 3600;
static_assert(kAccessTokenLifeMax.count() + 60 < kFeedKept);
// The rest of an answer is for a commit that is not split: of 256 revocations at most (identity/user_revocations.h), of a
// build before this of as many as an import had lines.
constexpr std::size_t kChangesPerLook = 512;
// One answer of a catch-up passes over at most so many changes of other tenants; the asker comes again.
constexpr int kLooksMax = 32;

// An operator revokes keys, a handful in a year.
constexpr std::size_t kRevokedKeysMax = 256;

Task<Result<std::vector<Revocation>>> revoked_keys(Context* context, const Question* question) {
  const std::string prefix = broker::record_prefix({question->tenant, name_of(RevocationKind::Key)});
  CLAVIGER_CO_TRY(page, co_await context->store.range(broker::tables::kRevocations, prefix,
                                                      broker::record_prefix_end(prefix), kRevokedKeysMax + 1));
  if (page.size() > kRevokedKeysMax) co_return Error{Code::TooMany, "feed.keys"};
  std::vector<Revocation> keys;
  for (const storage::Record& record : page) {
    CLAVIGER_CO_TRY(stored, decode_revocation(record.key, record.value.bytes()));
    stored.revocation.issuer = question->issuer;
    keys.push_back(std::move(stored.revocation));
  }
  co_return keys;
}

// One look: the changes of this tenant since then, and where to go on.
Task<Result<RevocationDelta>> changes_since(Context* context, Question question) {
  CLAVIGER_CO_TRY(changes,
                  co_await context->store.changes(broker::tables::kRevocations, question.since, kChangesPerLook));
  RevocationDelta delta;
  delta.next = changes.next_sequence;
  const std::string prefix = broker::record_prefix({question.tenant});
  for (const storage::Change& change : changes.changes) {
    if (change.is_erased || !change.key.starts_with(prefix)) continue;
    auto value = co_await context->store.get(broker::tables::kRevocations, change.key);
    if (!value && value.error().code == Code::NotFound) continue;  // expired meanwhile
    if (!value) co_return value.error();
    CLAVIGER_CO_TRY(stored, decode_revocation(change.key, value->bytes()));
    stored.revocation.issuer = question.issuer;
    delta.changes.push_back(std::move(stored.revocation));
  }
  // By name, and not as they were written: a commit about one user names his sub first and each pairwise name of his behind
  // it (OIDC Core clause 8.1). What is told together with the same second may still be of one user; of two changes of one
  // name the later one stays behind.
  std::ranges::stable_sort(delta.changes, {}, &Revocation::id);
  co_return delta;
}

// For who starts, or was away longer than the change feed is kept: revoked keys, and the first part of the change feed.
// What is left he gets by asking on, each change once.
Task<Result<RevocationDelta>> from_start(Context* context, Question question) {
  const Question* asked = &question;
  CLAVIGER_CO_TRY(keys, co_await revoked_keys(context, asked));
  RevocationDelta delta;
  question.since = context->store.first_change(broker::tables::kRevocations);
  for (int looks = 0; looks < kLooksMax && delta.changes.empty(); ++looks) {
    auto found = co_await changes_since(context, question);
    // The floor has moved just now.
    if (found.failed_with(Code::OutOfRange)) {
      question.since = context->store.first_change(broker::tables::kRevocations);
      continue;
    }
    if (!found) co_return found.error();
    const bool is_end = found->next <= question.since || found->next > context->store.latest_sequence();
    question.since = found->next;
    delta.changes = std::move(found->changes);
    if (is_end) break;
  }
  delta.next = question.since;
  delta.changes.insert(delta.changes.begin(), std::make_move_iterator(keys.begin()),
                       std::make_move_iterator(keys.end()));
  co_return delta;
}

Task<Result<RevocationDelta>> ask(Context* context, Question question) {
  const Monotonic deadline = context->shard.now() + Seconds(question.wait);
  for (int looks = 0;;) {
    // Registered before the look, so that what is revoked in between wakes us.
    auto wait = context->tokens->wait_for_feed();
    if (!wait) co_return wait.error();
    if (question.since == 0) {
      auto first = co_await from_start(context, std::move(question));
      co_return first;
    }
    auto delta = co_await changes_since(context, question);
    if (delta.failed_with(Code::OutOfRange)) {
      question.since = 0;
      continue;
    }
    if (!delta) co_return delta.error();
    if (!delta->changes.empty()) co_return delta;
    // There is more to read, of other tenants until now: no reason to wait.
    const bool is_behind = delta->next > question.since && delta->next <= context->store.latest_sequence();
    question.since = delta->next;
    if (is_behind && ++looks < kLooksMax) continue;
    if (is_behind || question.wait == 0 || context->tokens->is_feed_ended()) co_return delta;
    const auto woken = co_await wait->until(deadline);
    if (!woken) co_return delta;
    looks = 0;
  }
}

Result<Question> question_of(const http::Request& request) {
  const auto query = codec::parse_form(request.query);
  if (!query) return query.error();
  if (!query->duplicates().empty()) return Error{Code::ParameterRepeated, "feed.parameter"};
  Question question;
  const auto since = number_in(query->find("since").value_or("0"));
  if (!since) return Error{Code::ParameterMalformed, "feed.since"};
  question.since = *since;
  if (const auto text = query->find("wait")) {
    const auto wait = number_in(*text);
    if (!wait || *wait > static_cast<std::uint64_t>(kFeedWaitMax)) return Error{Code::ParameterMalformed, "feed.wait"};
    question.wait = static_cast<std::int64_t>(*wait);
  }
  return question;
}

// Who has how many of the polls on a shard: each takes one of the places of wait_for_feed(), which all tenants, all partners
// and the broker itself share. One client, however many servers run under its name, gets a share of what is free, so that
// whoever asks in a loop keeps nobody else from learning what was revoked.
class Polls {
 public:
  static constexpr std::size_t kShareOfClient = 8;
  static constexpr std::size_t kOfClientMin = 16;  // yet so many while there is room at all
  // Gives its place back.
  class Place {
   public:
    Place(Polls& polls, std::string client) : polls_(polls), client_(std::move(client)) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { polls_.leave(client_); }

   private:
    Polls& polls_;
    std::string client_;
  };

  // Null: this client has its share.
  std::unique_ptr<Place> enter(std::string client) {
    std::size_t& count = of_client_[client];
    if (count >= std::max((kFeedWaitersMax - std::min(all_, kFeedWaitersMax)) / kShareOfClient, kOfClientMin)) {
      return nullptr;
    }
    ++count;
    ++all_;
    return std::make_unique<Place>(*this, std::move(client));
  }

 private:
  void leave(const std::string& client) {
    --all_;
    const auto found = of_client_.find(client);
    if (--found->second == 0) of_client_.erase(found);
  }

  std::size_t all_ = 0;
  std::unordered_map<std::string, std::size_t> of_client_;
};
using PollsOfShards = std::vector<Polls>;

Task<http::Response> handle(Contexts* contexts, std::shared_ptr<PollsOfShards> polls, http::Request request,
                            http::PathValues path) {
  Context& context = here(*contexts);
  const broker::TenantView* tenant = context.snapshot->find(path[0]);
  if (tenant == nullptr) co_return http::problem(404);
  const std::string issuer = tenant->tenant.issuer;
  auto question = question_of(request);
  if (!question) co_return identity::oauth_error_response(question.error());
  question->tenant = path[0];
  question->issuer = issuer;
  const codec::Form no_form;
  auto client = co_await context.identity->clients().authenticate(path[0], &request, &no_form);
  if (!client) co_return identity::client_error_response(client.error(), request);
  if (!(*client)->may_introspect) co_return http::problem(403, "this client is not a resource server");
  const auto place = (*polls)[context.shard.index()].enter(broker::record_key({path[0], (*client)->client_id}));
  if (place == nullptr) co_return identity::oauth_error_response(Error{Code::Overload, "feed.client"});
  auto delta = co_await ask(&context, *std::move(question));
  // A commit is never split.
  if (delta && delta->changes.size() > kFeedChangesMax) co_return http::problem(500);
  if (!delta) co_return identity::oauth_error_response(delta.error());
  std::string body;
  write_revocation_feed(*delta, body);
  co_return http::Response(200, "application/json", std::move(body));
}

}  // namespace

void add_revocation_feed_route(http::Router& router, Contexts& contexts) {
  http::Route route{http::Method::Get, "/idms/v1/{tenant}/revocations", 0, {}, {}};
  auto polls = std::make_shared<PollsOfShards>(contexts.size());  // each its shard's alone
  route.handler = [&contexts, polls](http::Request request, http::PathValues path) {
    return handle(&contexts, polls, std::move(request), std::move(path));
  };
  router.add(std::move(route));
}

}  // namespace claviger::tokens
