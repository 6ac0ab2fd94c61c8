#include "broker/tokens/revocation_feed_endpoint.h"

#include <algorithm>
#include <charconv>

#include "broker/identity/client_authentication.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/oauth_error.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "broker/tokens/revocation_records.h"
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

using Found = std::vector<std::pair<std::uint64_t, Revocation>>;
// Kept while the table is read; cut to what goes into an answer whenever it is full.
constexpr std::size_t kFoundMax = 8 * kFeedChangesMax;

// The oldest of them, as many as an answer takes; a commit is never split. True: there were more.
bool keep_oldest(Found& found) {
  std::ranges::sort(found, {}, &Found::value_type::first);
  std::size_t end = std::min(found.size(), kFeedChangesMax / 2);
  while (end > 0 && end < found.size() && found[end].first == found[end - 1].first) ++end;
  const bool are_more = end < found.size();
  found.resize(end);
  return are_more;
}

// From the table itself, in the order of the commits: for who starts, or was away longer than the change feed is kept.
// Only what is in force is there, so this is at most the revocations of the last hour; a reader who gets a part goes on
// from its last commit.
Task<Result<RevocationDelta>> from_table(Context* context, Question question) {
  const std::uint64_t now_at = context->store.latest_sequence();  // before reading: told twice rather than lost
  const std::string prefix = broker::record_prefix({question.tenant});
  const std::string end = broker::record_prefix_end(prefix);
  Found found;
  bool are_more = false;
  std::string from = prefix;
  for (bool is_last = false; !is_last;) {
    CLAVIGER_CO_TRY(page, co_await context->store.range(broker::tables::kRevocations, from, end, storage::kRangeMax));
    for (const storage::Record& record : page) {
      if (record.value.version() < question.since) continue;
      CLAVIGER_CO_TRY(stored, decode_revocation(record.key, record.value.bytes()));
      stored.revocation.issuer = question.issuer;
      found.emplace_back(record.value.version(), std::move(stored.revocation));
    }
    if (found.size() >= kFoundMax) are_more = keep_oldest(found) || are_more;
    is_last = page.size() < storage::kRangeMax;
    if (!is_last) from = page.back().key + '\0';
  }
  are_more = keep_oldest(found) || are_more;
  RevocationDelta delta;
  delta.next = are_more ? found.back().first + 1 : now_at + 1;
  for (auto& [version, revocation] : found) delta.changes.push_back(std::move(revocation));
  co_return delta;
}

// One look: the changes of this tenant since then, and where to go on.
Task<Result<RevocationDelta>> changes_since(Context* context, Question question) {
  CLAVIGER_CO_TRY(changes,
                  co_await context->store.changes(broker::tables::kRevocations, question.since, kFeedChangesMax / 2));
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
  co_return delta;
}

Task<Result<RevocationDelta>> ask(Context* context, Question question) {
  const Monotonic deadline = context->shard.now() + Seconds(question.wait);
  for (;;) {
    // Registered before the look, so that what is revoked in between wakes us.
    auto wait = context->tokens->wait_for_feed();
    if (!wait) co_return wait.error();
    if (question.since == 0) {
      auto first = co_await from_table(context, std::move(question));
      co_return first;
    }
    auto delta = co_await changes_since(context, question);
    if (!delta && delta.error().code == Code::OutOfRange) delta = co_await from_table(context, question);
    if (!delta) co_return delta.error();
    if (!delta->changes.empty()) co_return delta;
    question.since = delta->next;
    const auto woken = co_await wait->until(deadline);
    if (!woken) co_return delta;
  }
}

Result<Question> question_of(const http::Request& request) {
  const auto query = codec::parse_form(request.query);
  if (!query) return query.error();
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

Task<http::Response> handle(Contexts* contexts, http::Request request, http::PathValues path) {
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
  auto delta = co_await ask(&context, *std::move(question));
  // A commit is never split, and no procedure revokes more than 256 in one (identity's mark_page).
  if (delta && delta->changes.size() > kFeedChangesMax) co_return http::problem(500);
  if (!delta) co_return identity::oauth_error_response(delta.error());
  std::string body;
  write_revocation_feed(*delta, body);
  co_return http::Response(200, "application/json", std::move(body));
}

}  // namespace

void add_revocation_feed_route(http::Router& router, Contexts& contexts) {
  http::Route route{http::Method::Get, "/idms/v1/{tenant}/revocations", 0, {}, {}};
  route.handler = [&contexts](http::Request request, http::PathValues path) {
    return handle(&contexts, std::move(request), std::move(path));
  };
  router.add(std::move(route));
}

}  // namespace claviger::tokens
