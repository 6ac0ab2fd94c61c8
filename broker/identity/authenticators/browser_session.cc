#include "broker/identity/authenticators/browser_session.h"

#include <algorithm>
#include <charconv>

#include "broker/identity/ue_records.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/cookie.h"
#include "core/codec/hex.h"
#include "core/crypto/random.h"

namespace claviger::identity {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

std::string cookie_name(std::string_view tenant) { return "__Host-claviger-session-" + std::string(tenant); }
std::string place_of(std::string_view tenant) { return std::string(tenant) + "/browser-session"; }

std::string sign_off_key(std::string_view tenant, const Interaction& session) {
  std::string id;
  codec::hex_encode(session.id, id);
  return broker::record_key({tenant, "browser-session", id});
}

std::string sign_in_key(std::string_view tenant, std::string_view sub, std::int64_t auth_time) {
  return broker::record_key({tenant, "browser-sign-in", sub, std::to_string(auth_time)});
}

std::string ue_sign_off_key(std::string_view tenant, std::string_view ue_id) {
  return broker::record_key({tenant, "browser-ue", ue_id});
}

// As long as any cookie may live: session_idle may have been longer when it was made, up to session_absolute.
std::int64_t end_of_cookies(const Context& context) {
  return numeric_date(context.shard.wall()) + context.snapshot->settings->lifetimes.session_absolute.count();
}

// Was everybody signed off from this UE, this sign-in among them?
Task<Result<bool>> is_ended_on_ue(Context* context, std::string tenant, std::string ue_id, std::int64_t auth_time) {
  auto row = co_await context->store.get(tables::kInteractions, ue_sign_off_key(tenant, ue_id));
  if (row.failed_with(Code::NotFound)) co_return false;
  if (!row) co_return row.error();
  const std::string_view text = row->text();
  std::int64_t until = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), until);
  if (error != std::errc() || end != text.data() + text.size()) co_return Error{Code::Corrupt, "browser.ue"};
  co_return auth_time <= until;
}

// Is the row there?
Task<Result<bool>> is_written(Context* context, std::string key) {
  auto row = co_await context->store.get(tables::kInteractions, std::move(key));
  if (!row && !row.failed_with(Code::NotFound)) co_return row.error();
  co_return row.has_value();
}

constexpr std::string_view kAttributes = "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=";

}  // namespace

std::optional<Interaction> browser_session_of(const Context& context, std::string_view tenant,
                                              const http::Request& request) {
  const auto cookies = codec::parse_cookies(request.field(http::Field::Cookie));
  if (!cookies) return std::nullopt;
  const auto value = cookies->only(cookie_name(tenant));
  if (!value) return std::nullopt;
  auto opened =
      open_interaction(context.keys.interaction, place_of(tenant), *value, numeric_date(context.shard.wall()));
  if (!opened || opened->progress.empty()) return std::nullopt;
  return *std::move(opened);
}

Result<std::string> browser_session_cookie(const Context& context, std::string_view tenant,
                                           const SignInProgress& progress, const UeName& ue) {
  // A shift: the morning's sign-in is not the evening's.
  const Seconds lifetime = context.snapshot->settings->lifetimes.session_idle;
  Interaction session;
  CLAVIGER_TRY(filled, crypto::fill_random(session.id));
  session.expires_at = numeric_date(context.shard.wall()) + lifetime.count();
  session.progress = encode_progress(progress);
  session.ue = ue;
  CLAVIGER_TRY(sealed, seal_interaction(context.keys.interaction, place_of(tenant), session));
  return cookie_name(tenant) + "=" + sealed + std::string(kAttributes) + std::to_string(lifetime.count());
}

std::string no_browser_session_cookie(std::string_view tenant) {
  return cookie_name(tenant) + "=" + std::string(kAttributes) + "0";
}

bool allows_browser_session(BrowserSession policy, ClientProfile profile) {
  switch (policy) {
    case BrowserSession::All:
      return true;
    case BrowserSession::Off:
      return false;
    case BrowserSession::Unsaid:
    case BrowserSession::Plain:
      break;
  }
  return profile == ClientProfile::Plain;
}

Task<Result<bool>> is_browser_session_over(Context* context, std::string tenant, Interaction session,
                                           std::string ue_id) {
  if (session.ue.ue_id != ue_id) co_return true;
  CLAVIGER_CO_TRY(is_signed_off, co_await is_written(context, sign_off_key(tenant, session)));
  if (is_signed_off) co_return true;
  CLAVIGER_CO_TRY(progress, decode_progress(session.progress));
  CLAVIGER_CO_TRY(is_ended, co_await is_written(context, sign_in_key(tenant, progress.sub, progress.auth_time)));
  if (is_ended) co_return true;
  if (ue_id.empty()) co_return false;
  CLAVIGER_CO_TRY(is_signed_off_there, co_await is_ended_on_ue(context, tenant, ue_id, progress.auth_time));
  if (is_signed_off_there) co_return true;
  auto ue = co_await read_ue(context, tenant, ue_id);
  if (ue.failed_with(Code::UeUnknown)) co_return false;  // nobody has registered it: no rule
  if (!ue) co_return ue.error();
  co_return ue->is_lost || ue->ue_class != UeClass::Personal;
}

Task<Result<Unit>> end_browser_session(Context* context, std::string tenant, Interaction session) {
  storage::Transaction transaction;
  transaction.put(tables::kInteractions, sign_off_key(tenant, session), {}, session.expires_at);
  auto committed = co_await context->store.commit(std::move(transaction));
  if (!committed) co_return committed.error();
  co_return Unit{};
}

Task<Result<Unit>> end_browser_sign_in(Context* context, std::string tenant, std::string sub, std::int64_t auth_time) {
  storage::Transaction transaction;
  transaction.put(tables::kInteractions, sign_in_key(tenant, sub, auth_time), {}, end_of_cookies(*context));
  auto committed = co_await context->store.commit(std::move(transaction));
  if (!committed) co_return committed.error();
  co_return Unit{};
}

Task<Result<Unit>> end_browser_sign_ins_on(Context* context, std::string tenant, std::string ue_id) {
  const std::string now = std::to_string(numeric_date(context->shard.wall()));
  storage::Transaction transaction;
  transaction.put(tables::kInteractions, ue_sign_off_key(tenant, ue_id), as_bytes(now), end_of_cookies(*context));
  auto committed = co_await context->store.commit(std::move(transaction));
  if (!committed) co_return committed.error();
  co_return Unit{};
}

}  // namespace claviger::identity
